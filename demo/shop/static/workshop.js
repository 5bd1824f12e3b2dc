"use strict";
const put = (id, text) => { document.getElementById(id).textContent = text; };

const clock = new EventSource("/events");
clock.addEventListener("clock", (e) => put("clock", e.data));
clock.addEventListener("error", () => put("clock", "lost, trying again …"));

const at = new URL("/live", location.href);
at.protocol = at.protocol === "https:" ? "wss:" : "ws:";
const socket = new WebSocket(at);
socket.addEventListener("close", () => put("socket", "closed; reload the page to open it again"));
socket.addEventListener("message", (e) => {
  if (e.data.startsWith("time: ")) {
    put("socket", "open, " + e.data.slice(6));
    return;
  }
  const heard = document.getElementById("heard");
  const line = document.createElement("li");
  line.textContent = e.data;
  heard.prepend(line);
  while (heard.children.length > 20) heard.lastChild.remove();
});

document.getElementById("say").addEventListener("submit", (e) => {
  e.preventDefault();
  const said = e.target.elements.said;
  if (socket.readyState === WebSocket.OPEN && said.value) socket.send(said.value);
  said.value = "";
});
