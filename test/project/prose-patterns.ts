/** A word or phrase that is not written here, and what to write in its place. */
export interface BannedPhrase {
  readonly pattern: RegExp;
  readonly instead: string;
}

/** Phrases that a reader would have to read twice, or that nobody searches for. */
export const BANNED_PHRASES: readonly BannedPhrase[] = [
  { pattern: /\banew\b/i, instead: "again" },
  { pattern: /\bnobody\b|\bnobody's\b/i, instead: "no one, none, unowned" },
  { pattern: /\bbeside\b/i, instead: "besides, next to" },
  { pattern: /\bthus\b|\bwherein\b|\bwhereof\b|\bthereof\b|\bthereby\b/i, instead: "so" },
  { pattern: /\bas ever\b|\bas it was\b|\bas they were\b/i, instead: "unchanged" },
  { pattern: /\bso that not\b|\blest\b/i, instead: "to prevent" },
  { pattern: /\bis none\b|\bare none\b|\bthere is none\b/i, instead: "is not, does not exist" },
  { pattern: /\bof (one|its|their)('s)? own\b/i, instead: "own, separate" },
  { pattern: /\bwhoever\b|\bwhatever\b|\bwhichever\b/i, instead: "a noun" },
  {
    pattern:
      /\b(what|who) (is|are|was|were|has|have|can|cannot|can't|may|must|stands?|asks?|takes?|does|cost|comes?) /i,
    instead: "a noun",
  },
  { pattern: /\bof which\b|\bof whom\b|\bto whom\b/i, instead: "a second sentence" },
  { pattern: /\b(can|cannot|can't|could|to) be had\b/i, instead: "unavailable, unsupported" },
  { pattern: /\bcounts? for\b|\bcounts for nothing\b|\bcounts no more\b/i, instead: "is treated as, is ignored" },
  { pattern: /\b(come|comes|came|become|becomes) of\b/i, instead: "result" },
  { pattern: /\blies\b|\blie (in|at|below|within|under|on)\b/i, instead: "is in" },
  { pattern: /\bstands?\b(?!by)|\bstood\b/i, instead: "is, standby" },
  { pattern: /\b(told|tells?|speaks?|spoken|spoke)\b/i, instead: "report, log, set" },
  { pattern: /\b(says?|said)\b/i, instead: "report, set, specify" },
  { pattern: /\bso (many|few|much|long|often)\b/i, instead: "a number" },
  { pattern: /\bheld back\b|\bholds? back\b|\bhold(s|ing)?[- ]off\b/i, instead: "blocked, debounce" },
  { pattern: /\bin force\b/i, instead: "active" },
  { pattern: /\brounds?\b(?!-?robin| robin| trips?\b|ed| of\b|=|\()/i, instead: "sync" },
  { pattern: /\bquarantin\w*/i, instead: "last good" },
  { pattern: /\bledgers?\b/i, instead: "controller state" },
  { pattern: /\b(is|are|was|were|be) asked\b|\basks? for\b|\basked for\b/i, instead: "sent, requested, configured" },
  { pattern: /\bmay have but\b|\bbut (a )?part\b|\bnothing but\b|\bnone but\b|\bno other but\b/i, instead: "only" },
  { pattern: /\bgoes its way\b|\bon its way\b|\bgoes on (serving|with|as)\b/i, instead: "continues" },
  { pattern: /\btakes? (none|nothing|part)\b|\btakes? over for\b/i, instead: "does not match" },
  { pattern: /\bmakes? (of|for) it\b|\bmade of it\b/i, instead: "a verb of the field" },
  { pattern: /\bgive[sn]? (up|back|away)\b|\bgave up\b/i, instead: "abort, release" },
  {
    pattern:
      /\bmisspelt\b|\bbehaviour\b|\bnormalis\w+|\bauthoris\w+|\brecognis\w+|\bserialis\w+|\bhonour\w*|\bcolour\w*/i,
    instead: "American spelling",
  },
  { pattern: /means? nothing|in vain|all the same/i, instead: "is ignored, anyway" },
  { pattern: /for ever|hence|whence|henceforth/i, instead: "without a limit, so" },
  { pattern: /(is|are|was|were) meant/i, instead: "is for, refers to" },
  { pattern: /without a word|in its place|in the clear/i, instead: "silently, instead, over http" },
  { pattern: /as if (it|they) were(n't| not)? there/i, instead: "is ignored" },
  { pattern: /costs? (only|an?|it|the|every|both)/i, instead: "drops, needs" },
  { pattern: /(an?|the) (very|mere|sole)/i, instead: "same, only" },
  { pattern: /(any|no) more of|not any more/i, instead: "no longer" },
];
