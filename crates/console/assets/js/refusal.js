// What went wrong, as one line and a way out.

import { has, t } from '/js/i18n.js';
import { signedIn } from '/js/session.js';

/** A call that was answered with an error, or not at all. */
export class Refusal extends Error {
  /** @param {{code: string, message: string, requestId?: string, status?: number}} parts */
  constructor({ code, message, requestId = '', status = 0 }) {
    super(message);
    Object.assign(this, { code, requestId, status });
  }

  /** Whether the key that signed in no longer counts, so that signing in again is the way out. */
  get endsSession() {
    return signedIn() !== null && /TokenFailure|TokenExpired|ExpiredToken|SecretIdNotFound|InvalidAccessKeyId|TokenInvalid|InvalidToken/.test(this.code);
  }

  /** Whether nothing answered. */
  get isSilence() {
    return this.code === 'NoAnswer';
  }

  /** Whether the policies said no, so that the refusal can be explained. */
  get isDenial() {
    return /AccessDenied|UnauthorizedOperation|AuthFailure\.Unauthorized/.test(this.code);
  }
}

/** Nothing answered at an address. */
export function silence(url) {
  const address = new URL(url).origin;
  return new Refusal({ code: 'NoAnswer', message: t('error.noAnswer', { address }) });
}

/** One line of what happened, for whatever was thrown. */
export function causeOf(error) {
  if (!(error instanceof Refusal)) return error.message;
  return error.isSilence ? error.message : `${error.code}: ${error.message}`;
}

/** One line of what can be done about it, where there is something. */
export function wayOut(error) {
  if (!(error instanceof Refusal)) return '';
  if (error.isSilence) return t('wayOut.noAnswer');
  if (error.endsSession) return t('wayOut.signInAgain');
  const known = `wayOut.${error.code}`;
  if (has(known)) return t(known);
  return error.isDenial ? t('wayOut.denied') : '';
}
