// The answer to one request that the user has begun. The draft outlives the card: a popover hides
// when the focus goes elsewhere, and comes back.

export class Draft {
  /** What is unfolded below the text. */
  unfolded = $state<'always' | 'more' | 'message'>();
  /** The message that goes with a denial. */
  message = $state('');
  /** The labels chosen, per question. */
  picked = $state<string[][]>([]);
  /** The answers that the user has written, per question. */
  own = $state<string[]>([]);
  /** Whether the written answer is selected, per question. */
  mine = $state<boolean[]>([]);
}
