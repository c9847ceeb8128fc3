// A passkey can be asked for in no other way than by a script. Each form with data-passkey
// fetches its question, lets the browser ask its owner, and is then sent like any other form.
// Nothing here writes markup, so that Trusted Types have nothing to object to.

const bytesOf = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};
const textOf = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const keys = (list) => (list ?? []).map((one) => ({ ...one, id: bytesOf(one.id) }));

const asked = (question) => ({
  ...question,
  challenge: bytesOf(question.challenge),
  ...(question.user && { user: { ...question.user, id: bytesOf(question.user.id) } }),
  ...(question.excludeCredentials && { excludeCredentials: keys(question.excludeCredentials) }),
  ...(question.allowCredentials && { allowCredentials: keys(question.allowCredentials) }),
});

const told = (credential) => {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = textOf(credential.response[name]);
  }
  return JSON.stringify({ id: credential.id, rawId: textOf(credential.rawId), type: credential.type, response });
};

const prove = async (form) => {
  const answer = await fetch(form.dataset.question, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (!answer.ok || !answer.headers.get("content-type").includes("json")) throw new Error("stale");
  const publicKey = asked(await answer.json());
  const made = form.dataset.passkey === "create"
    ? await navigator.credentials.create({ publicKey })
    : await navigator.credentials.get({ publicKey });
  form.elements.credential.value = told(made);
  form.submit();
};

const words = (fault) =>
  fault.message === "stale"
    ? "This page has gone stale. Open it again."
    : "No passkey was shown. Try again, or use another way.";

const offered = globalThis.PublicKeyCredential !== undefined;
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !offered;
  const complaint = form.querySelector("[role=alert]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    complaint.hidden = true;
    prove(form).catch((fault) => {
      complaint.textContent = words(fault);
      complaint.hidden = false;
    });
  });
}
for (const note of document.querySelectorAll("[data-without-script]")) {
  note.textContent = offered ? "" : "This browser has no passkeys.";
}
