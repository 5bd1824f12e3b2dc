// Forms with data-passkey ("get" or "create") ask the browser for a passkey before they are sent: data-begin is asked for
// what the browser needs, and the answer goes into the form. With data-by only its button of that value does so; any other
// sends the form as it is.
const words = {
  NotAllowedError: "No passkey was chosen, or it took too long. Try again.",
  InvalidStateError: "There is a passkey of this device for you already.",
  SecurityError: "The browser does not make passkeys for this address.",
};

async function ask(form) {
  const reply = await fetch(form.dataset.begin, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  const begun = await reply.json().catch(() => ({ error: "The console did not answer as it should. Load the page again." }));
  if (!reply.ok) throw new Error(begun.error);
  const credential = form.dataset.passkey === "create"
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(begun.options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(begun.options) });
  form.elements.ceremony.value = begun.id;
  form.elements.answer.value = JSON.stringify(credential.toJSON());
}

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!form.elements.ceremony) continue;
    form.hidden = false;
    const part = form.querySelector("[data-scripted]");
    if (part) part.hidden = false;
    const fault = (part ?? form).querySelector(".fault[hidden]");
    form.addEventListener("submit", async (e) => {
      if (form.dataset.by && e.submitter?.value !== form.dataset.by) return;
      e.preventDefault();
      fault.hidden = true;
      const buttons = form.querySelectorAll("button");
      buttons.forEach((b) => { b.disabled = true; });
      try {
        await ask(form);
        form.submit();
      } catch (error) {
        fault.textContent = words[error.name] ?? error.message;
        fault.hidden = false;
        buttons.forEach((b) => { b.disabled = false; });
      }
    });
  }
}
