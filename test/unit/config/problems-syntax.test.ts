/**
 * Texts that are no YAML, or none that a document may be; and `${NAME}` that cannot be read. Line and column, reason and
 * advice are compared word for word: they are what people work with.
 */

import { tells } from '../../support/reading.ts';

tells(
  'a value with a colon and a space in it',
  `routes:
  a: b: c
`,
  ['2:7 error: not valid YAML: bad indentation of a mapping entry; put a text that holds ": " in quotes'],
);

tells(
  'a tab used to indent',
  `routes:
	a: {}
`,
  ['2:1 error: not valid YAML: tab characters must not be used in indentation; indent with spaces'],
);

tells(
  'a bracket that is not closed',
  `upstreams:
  cart: { endpoints: [http://a:1
routes: {}
`,
  ['3:1 error: not valid YAML: deficient indentation; close the bracket, brace or quote that was opened here or above'],
);

tells(`an unquoted \${NAME} inside braces`, `admin: { token: \${T} }`, [
  `1:18 error: not valid YAML: missed comma between flow collection entries; put a comma between the entries, and quotes around a text that holds brackets, as in "\${NAME}"`,
]);

tells(
  'a text that begins with a reserved sign',
  `admin:
  token: @x
`,
  ['2:10 error: not valid YAML: bad indentation of a mapping entry; put a text that begins with @ in quotes'],
);

tells('a closing bracket too many', 'upstreams: {}}', [
  '1:14 error: not valid YAML: bad indentation of a mapping entry; remove the }, or put the text that holds it in quotes',
]);

tells(
  'a line without a colon',
  `upstreams:
  cart: {}
routes
`,
  [
    '3:1 error: not valid YAML: can not read a block mapping entry; a multiline key may not be an implicit key; write a key, a colon and a space in front of a value',
  ],
);

tells('an unknown escape', 'admin: { token: "a\\q" }', [
  '1:20 error: not valid YAML: unknown escape sequence; write a backslash twice, or use single quotes, in which it stands for itself',
]);

tells('an empty text', '', ['1:1 error: the document is empty; write `{}` where an empty one is meant']);

tells('comments alone', '# nothing yet', ['1:1 error: the document is empty; write `{}` where an empty one is meant']);

tells(
  'a second document',
  `routes: {}
---
routes: {}
`,
  ['3:1 error: a second document begins here; keep one document in a file'],
);

tells(
  'a list at the top',
  `- a
- b
`,
  [
    '1:1 error: the document: expected a map with `listeners`, `upstreams`, `routes`, ..., found a list; write its keys below it, indented, or in braces',
  ],
);

tells('a text at the top', 'routes', [
  '1:1 error: the document: expected a map with `listeners`, `upstreams`, `routes`, ..., found "routes"; write its keys below it, indented, or in braces',
]);

tells(
  'a key that stands twice',
  `upstreams:
  cart: { endpoints: [http://a:1] }
  cart: { endpoints: [http://b:1] }
`,
  ['3:3 error: the key "cart" stands here a second time; keep one of the two'],
);

tells(
  'anchors, aliases, merge keys and tags, each at its place',
  `upstreams:
  a: &base { endpoints: [http://a:1] }
  b: *base
  c: { <<: {}, endpoints: !x [http://c:1] }
`,
  [
    '2:6 error: an anchor is not supported; put what many parts share under `defaults`',
    '3:6 error: an alias is not supported; put what many parts share under `defaults`',
    '4:8 error: a merge key is not supported; put what many parts share under `defaults`',
    '4:27 error: a tag is not supported; remove it; put a text that begins with ! in quotes',
  ],
);

tells(
  'keys that are empty or no text',
  `upstreams:
  : {}
  ? [a]
  : {}
`,
  [
    '2:3 error: a key is empty; write a name in front of the colon',
    '3:5 error: a key is no text; write a plain name in front of the colon',
  ],
);

tells(
  'a variable that is not set',
  `admin:
  token: "a\${TOKEN}b\${OTHER}"
`,
  [
    `2:12 error: the environment variable TOKEN is not set; set it, or write \`\${TOKEN:-default}\``,
    `2:21 error: the environment variable OTHER is not set; set it, or write \`\${OTHER:-default}\``,
  ],
);

tells('a reference that is not closed', `admin: { token: "\${TOKEN" }`, [
  `1:18 error: \`\${\` is not closed; write \`\${NAME}\`, or \`$\${\` where a literal \`\${\` is meant`,
]);

tells('a reference without a name', `admin: { token: "\${1X}" }`, [
  `1:18 error: \`\${1X}\` names no environment variable; write \`\${NAME}\` or \`\${NAME:-default}\`, or \`$\${\` where a literal \`\${\` is meant`,
]);

tells(
  'a wrong value from the environment without showing it',
  `drain: { limit: "\${LIMIT}" }`,
  [
    `1:17 error: limit: expected a duration such as \`250ms\` or \`3s\`, found "\${LIMIT}"; write a whole number and its unit: \`250ms\`, \`3s\`, \`5m\`, \`1h\` or \`2h30m\``,
  ],
  { LIMIT: 'hunter2' },
);

tells(
  'an unknown name from the environment without showing it',
  `upstreams: { a: { endpoints: [http://a:1] } }
routes: { r: { upstream: "\${U}" } }
`,
  [`2:26 error: there is no upstream "\${U}"; known: a`],
  { U: 'hunter2' },
);
