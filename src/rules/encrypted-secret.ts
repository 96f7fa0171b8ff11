/** A sealed text as it is published: what the key is found with, and the ciphertext, both base64. */
export const ENCRYPTED_SECRET_PATTERN = /^sealed:([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

/** What texts are sealed for, so that nothing else that is sealed with the same key passes for one. */
export const ENCRYPTION_INFO = "edgress rules";
