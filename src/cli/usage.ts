/**
 * What `--help` says, for all commands and for each.
 *
 * Rule: a command that is not there is not listed. Reading arguments is left to each command.
 */

export const COMMANDS = ['serve', 'check'] as const;
export type Command = (typeof COMMANDS)[number];

export const USAGE = `signalbox: one process that the traffic between services passes through

Usage: signalbox <command> [options]

Commands:
  serve    run the router on a routes.yaml
  check    say what is wrong with a routes.yaml, without running it

Options:
  --help       this text; after a command, what it takes
  --version    the version

Exit codes: 0 all is well, 1 it is not (a document with problems, a port in use), 2 wrong arguments
`;

export const SERVE_USAGE = `signalbox serve: run the router on a routes.yaml

Usage: signalbox serve [options]

Options:
  --config FILE        the document (default: routes.yaml)
  --state DIR          where revisions and leases are kept (default: .signalbox)
  --workers N          data threads; wins over \`workers\` in the document; 0: all on one thread
  --no-watch           do not take up the file when it changes; SIGHUP still does
  --access-log TO      a file, - for standard output (default), or off
  --log-level LEVEL    debug, info (default), warn, error or silent; the log goes to standard error
  --help               this text

Signals:
  SIGTERM, SIGINT      drain and exit: unready at once, drain.notice of further service, drain.limit to finish;
                       a second one stops now
  SIGHUP               read the document again, and reopen the access log's file
`;
