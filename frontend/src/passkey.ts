// Passkeys: asks the browser to make or use one and sends its answer with the form. data-passkey says what for:
// "sign-in" (the options are fetched), "confirm" (use one of a known person), "add" (make one).
import { readJson } from "./content";

interface Options {
  publicKey: PublicKeyCredentialCreationOptionsJSON & PublicKeyCredentialRequestOptionsJSON;
}
interface Data {
  creation_options?: Options;
  request_options?: Options;
}

export function mount(element: HTMLElement): void {
  const form = element as HTMLFormElement;
  const button = form.querySelector<HTMLButtonElement>("button");
  if (button === null) return;
  if (!window.isSecureContext || window.PublicKeyCredential === undefined || isAddress(location.hostname)) {
    button.disabled = true;
    const missing = form.querySelector<HTMLElement>("[data-missing]");
    if (missing !== null) missing.hidden = false;
    return;
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault()); // Enter in the name: the passkey comes first
  const ask = (): void => void run(form, button);
  form.addEventListener("submit", ask);
  button.addEventListener("click", ask);
}

async function run(form: HTMLFormElement, button: HTMLButtonElement): Promise<void> {
  button.disabled = true;
  say(form, "");
  try {
    const credential = form.dataset["passkey"] === "add" ? await make(form) : await use(form);
    form.querySelector<HTMLInputElement>("input[name=credential]")!.value = JSON.stringify(toJson(credential));
    form.submit();
  } catch (error) {
    say(form, reason(error));
    button.disabled = false;
  }
}

async function make(form: HTMLFormElement): Promise<PublicKeyCredential> {
  const options = readJson<Data>(form).creation_options!.publicKey;
  const signsInAlone = form.querySelector<HTMLInputElement>("input[name=passwordless]")?.checked ?? false;
  const publicKey: PublicKeyCredentialCreationOptions = {
    ...(options as unknown as PublicKeyCredentialCreationOptions),
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(descriptor),
    authenticatorSelection: {
      ...(options.authenticatorSelection as AuthenticatorSelectionCriteria),
      residentKey: signsInAlone ? "required" : "discouraged",
      requireResidentKey: signsInAlone,
      userVerification: signsInAlone ? "required" : "preferred",
    },
  };
  return (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
}

async function use(form: HTMLFormElement): Promise<PublicKeyCredential> {
  const options = (form.dataset["passkey"] === "sign-in" ? await fetchData(form) : readJson<Data>(form)).request_options!.publicKey;
  const publicKey: PublicKeyCredentialRequestOptions = {
    ...(options as unknown as PublicKeyCredentialRequestOptions),
    challenge: decode(options.challenge),
    allowCredentials: (options.allowCredentials ?? []).map(descriptor),
  };
  return (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
}

async function fetchData(form: HTMLFormElement): Promise<Data> {
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("The server did not answer. Try again in a moment.");
  return (await answer.json()) as Data;
}

function descriptor(known: PublicKeyCredentialDescriptorJSON): PublicKeyCredentialDescriptor {
  return { ...known, id: decode(known.id) } as PublicKeyCredentialDescriptor;
}

function toJson(credential: PublicKeyCredential): unknown {
  const response = credential.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"] as const;
  const present = parts.filter((part) => response[part] != null); // a key that was made has other parts than one that was used
  return {
    id: credential.id,
    rawId: credential.id,
    type: credential.type,
    response: Object.fromEntries(present.map((part) => [part, encode(response[part]!)])),
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function decode(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
}

function encode(buffer: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function reason(error: unknown): string {
  if (!(error instanceof DOMException)) return error instanceof Error ? error.message : "This did not work. Try again.";
  if (error.name === "InvalidStateError") return "This device has a passkey for your account already.";
  if (error.name === "NotAllowedError") return "Nothing was confirmed, or it took too long. Try again.";
  if (error.name === "SecurityError") return "Passkeys work only under this server’s own name.";
  return "The browser could not use a passkey here.";
}

function say(form: HTMLFormElement, text: string): void {
  const place = form.querySelector<HTMLElement>("[role=alert]");
  if (place === null) return;
  place.textContent = text;
  place.hidden = text === "";
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.startsWith("[");
}
