// The token of the admin service. It is kept for as long as the tab is open, and sent with each call.

const KEY = 'protod-admin-token';

export function token() {
  return sessionStorage.getItem(KEY);
}

export function keepToken(secret) {
  sessionStorage.setItem(KEY, secret);
}

export function forgetToken() {
  sessionStorage.removeItem(KEY);
}
