// The editor's other side follows while somebody types: the server reads the one and writes the other. Without this the
// buttons "Use the form" and "Use the YAML" do the same.

const editor = document.querySelector("form[data-follow]");

if (editor) {
  const wait = 300; // ms after the last key
  let timer, asked = 0;

  const field = (name) => editor.elements.namedItem(name);
  const side = (e) => e.target.closest("[data-side]")?.dataset.side;

  function tell(faults) {
    for (const place of editor.querySelectorAll("[data-fault]")) {
      const text = faults[place.dataset.fault] || "";
      if (place.textContent !== text) place.textContent = text;
      place.hidden = !text;
      for (const input of editor.querySelectorAll(`[aria-describedby~="${place.id}"]`)) {
        if (text) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
      }
    }
    const whole = faults[""] || "";
    if (whole) field("yaml").setAttribute("aria-invalid", "true"); else field("yaml").removeAttribute("aria-invalid");
  }

  function note(notes) {
    const list = document.getElementById("notes");
    list.replaceChildren(...notes.map((n) => Object.assign(document.createElement("li"), { textContent: n })));
    list.hidden = notes.length === 0;
  }

  function fill(form) {
    for (const [name, value] of Object.entries(form)) {
      const input = field(name);
      if (!input || input === document.activeElement) continue;
      if (input.type === "checkbox") input.checked = value; else if (!input.readOnly) input.value = value;
    }
  }

  async function follow(which) {
    const mine = ++asked;
    const body = new URLSearchParams(new FormData(editor));
    body.set("side", which);
    let answer;
    try {
      const response = await fetch(editor.dataset.follow, { method: "POST", body });
      if (!response.ok) return; // signed out, or the console is away: the buttons will say so
      answer = await response.json();
    } catch {
      return;
    }
    if (mine !== asked) return; // something was typed meanwhile
    if (answer.form) fill(answer.form);
    if (answer.yaml) field("yaml").value = answer.yaml;
    if (answer.base) field("base").value = answer.base;
    document.getElementById("says").textContent = answer.says;
    tell(answer.faults);
    note(answer.notes);
  }

  editor.addEventListener("input", (e) => {
    const which = side(e);
    if (!which) return;
    asked++;
    clearTimeout(timer);
    timer = setTimeout(follow, wait, which);
  });
}
