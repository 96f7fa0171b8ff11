const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

/** Returns the PEM certificates of a text, in its order. Other PEM blocks and text between them are left out (RFC 7468). */
export function splitPemCertificates(text: string): string[] {
  return text
    .split(BEGIN)
    .slice(1)
    .flatMap((part) => {
      const end = part.indexOf(END);
      return end < 0 ? [] : [`${BEGIN}${part.slice(0, end)}${END}`];
    });
}
