// The answer to one request that the user has begun. The draft outlives the card: a popover hides
// when the focus goes elsewhere, and comes back.

export class Draft {
  /** What is unfolded below the text. */
  unfolded = $state<'always' | 'more' | 'message'>();
  /** What it is told with a no. */
  message = $state('');
  /** The labels chosen, question by question. */
  picked = $state<string[][]>([]);
  /** The answers written, question by question. */
  own = $state<string[]>([]);
  /** Whether the one written is meant. */
  mine = $state<boolean[]>([]);
}
