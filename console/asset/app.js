// What every page has: times that stay true, exact ones on a tap, things to copy, and live parts. Nothing here changes
// state: without it, every form and link works the same.

const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

// ago says what the server's page.Ago says.
function ago(then) {
  const seconds = Math.round((Date.now() - then) / 1000);
  const size = Math.abs(seconds);
  if (size < 1) return "now";
  let [width, name] = units[3];
  if (size >= 172800) [width, name] = units[0];
  else if (size >= 7200) [width, name] = units[1];
  else if (size >= 120) [width, name] = units[2];
  const text = `${Math.floor(size / width)} ${name}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

function tick() {
  for (const t of document.querySelectorAll("time[datetime]")) {
    if (t.dataset.exact === "shown") continue;
    const text = ago(Date.parse(t.dateTime));
    if (t.textContent !== text) t.textContent = text;
  }
}
setInterval(tick, 1000);

document.addEventListener("click", (e) => {
  const t = e.target.closest("time[title]");
  if (t && !t.closest("a, button, summary")) {
    const shown = t.dataset.exact === "shown";
    t.dataset.exact = shown ? "" : "shown";
    t.textContent = shown ? ago(Date.parse(t.dateTime)) : t.title;
  }
  const copy = e.target.closest("[data-copy]");
  if (copy) {
    const from = document.getElementById(copy.dataset.copy);
    navigator.clipboard?.writeText(from.value ?? from.textContent).then(() => {
      const before = copy.textContent;
      copy.textContent = "Copied";
      setTimeout(() => { copy.textContent = before; }, 1500);
    });
  }
  const open = e.target.closest(".menu");
  for (const menu of document.querySelectorAll(".menu[open]")) if (menu !== open) menu.open = false;
});
document.addEventListener("keydown", (e) => {
  if (e.key === "Escape") for (const menu of document.querySelectorAll(".menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  if (e.key === "/" && !e.target.closest("input, textarea, select") && !e.ctrlKey && !e.metaKey) {
    const search = document.querySelector("[data-search]");
    if (search) { e.preventDefault(); search.focus(); }
  }
});

// A page with data-live="URL" somewhere has one stream of server-sent events. Each "part" event is JSON:
// {id, html, how}: how is "replace" (the element's content), "prepend" (rows, at most data-keep of them), or "gone".
const live = document.querySelector("[data-live]");
const offline = document.getElementById("offline");
let paused = false;
let held = [];

function put(part) {
  const target = document.getElementById(part.id);
  if (!target) return;
  if (part.how === "prepend") {
    const box = document.createElement("template");
    box.innerHTML = part.html;
    for (const row of box.content.children) row.classList.add("fresh");
    target.prepend(box.content);
    const keep = Number(target.dataset.keep || 200);
    while (target.children.length > keep) target.lastElementChild.remove();
  } else if (part.how === "gone") {
    target.remove();
  } else if (target.innerHTML !== part.html && !target.contains(document.activeElement)) {
    target.innerHTML = part.html; // a part that somebody types or tabs in is left alone until they leave it
  }
  document.dispatchEvent(new CustomEvent("palisade:part", { detail: part }));
}

if (live) {
  const stream = new EventSource(live.dataset.live);
  stream.addEventListener("open", () => { offline.hidden = true; live.dataset.state = "live"; });
  stream.addEventListener("error", () => { offline.hidden = false; live.dataset.state = "lost"; });
  stream.addEventListener("part", (e) => {
    const part = JSON.parse(e.data);
    if (paused && part.how === "prepend") {
      held.push(part);
      if (held.length > 500) held.shift();
    } else put(part);
    const waiting = document.getElementById("waiting");
    if (waiting) waiting.textContent = held.length ? `${held.length} waiting` : "";
  });
  const pause = document.querySelector("[data-pause]");
  pause?.removeAttribute("hidden");
  pause?.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Go on" : "Pause";
    if (!paused) { held.forEach(put); held = []; const w = document.getElementById("waiting"); if (w) w.textContent = ""; }
  });
}
addEventListener("offline", () => { offline.hidden = false; });
addEventListener("online", () => { if (!live) offline.hidden = true; });
