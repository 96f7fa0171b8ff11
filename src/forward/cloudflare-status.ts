// https://developers.cloudflare.com/support/troubleshooting/http-status-codes/
const TIMEOUT_STATUSES = [522, 524];
const ERROR_STATUSES = [520, 521, 523, 525, 526, 530];

/** Whether Cloudflare answers with this status if an origin does not respond. An origin can write it, too. */
export function isCloudflareStatus(status: number): boolean {
  return status >= 520 && (ERROR_STATUSES.includes(status) || TIMEOUT_STATUSES.includes(status));
}

/** Whether a status of Cloudflare is a timeout. */
export function isCloudflareTimeout(status: number): boolean {
  return TIMEOUT_STATUSES.includes(status);
}
