/** The secrets that may have a decryption key. Two have one while keys are rotated. */
export const KEY_SLOTS = ["EDGRESS_DECRYPTION_KEY", "EDGRESS_DECRYPTION_KEY_2"] as const;
export type KeySlot = (typeof KEY_SLOTS)[number];

/** Returns the slots among the names of secrets. */
export function listKeySlots(secretNames: readonly string[]): readonly KeySlot[] {
  return KEY_SLOTS.filter((slot) => secretNames.includes(slot));
}

/** Returns the other slot. */
export function otherSlot(slot: KeySlot): KeySlot {
  return slot === KEY_SLOTS[0] ? KEY_SLOTS[1] : KEY_SLOTS[0];
}
