/** An encrypted secret as published: encapsulated key and ciphertext, both base64. */
export const ENCRYPTED_SECRET_PATTERN = /^sealed:([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

/** The purpose of the ciphertext (HPKE info), so that other ciphertexts of the key are rejected. */
export const ENCRYPTION_INFO = "edgress rules";
