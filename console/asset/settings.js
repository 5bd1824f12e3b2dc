// Buttons that copy are there only where they can: without script, or without the right to, the text is selected by hand.
if (navigator.clipboard) for (const b of document.querySelectorAll("[data-copy][hidden]")) b.hidden = false;
