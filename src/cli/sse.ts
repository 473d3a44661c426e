/**
 * Server-sent events out of pieces of text.
 *
 * Rule: as the HTML standard reads them: lines end with LF, CR LF or CR, an empty line ends an event, `data` lines are
 * joined, comments and unknown fields are read past. An event that the stream breaks off in is nothing.
 */

export interface Event {
  readonly name: string;
  readonly data: string;
}

export class EventReader {
  private readonly take: (event: Event) => void;
  private rest = '';
  private name = '';
  private data: string[] = [];

  constructor(take: (event: Event) => void) {
    this.take = take;
  }

  read(piece: string): void {
    this.rest += piece;
    // A CR at the end of what is here may be half of a line's end.
    for (let end = /\r\n|\n|\r(?!$)/.exec(this.rest); end !== null; end = /\r\n|\n|\r(?!$)/.exec(this.rest)) {
      const line = this.rest.slice(0, end.index);
      this.rest = this.rest.slice(end.index + end[0].length);
      this.line(line);
    }
  }

  private line(line: string): void {
    if (line === '') {
      this.end();
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.name = value;
    else if (field === 'data') this.data.push(value);
  }

  private end(): void {
    const { name, data } = this;
    this.name = '';
    this.data = [];
    if (data.length > 0) this.take({ name: name === '' ? 'message' : name, data: data.join('\n') });
  }
}
