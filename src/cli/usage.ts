/**
 * What `signalbox serve --help` says.
 *
 * Rule: apart from the help of all other commands (help.ts), which a start has no time to load.
 */

export const SERVE_USAGE = `signalbox serve: run the router on a routes.yaml

Usage: signalbox serve [options]

Options:
  --config FILE        the document (default: routes.yaml)
  --state DIR          where revisions, leases and orders about circuits are kept (default: .signalbox)
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
