// Keeps the number of unread notices as it is while the page is open. Without it the number is the
// one the page came with. It writes a number and nothing else, and asks nobody but ourselves.

const badge = document.querySelector("[data-unread]");
if (badge && "EventSource" in window) {
  const source = new EventSource("/notices/stream");
  source.addEventListener("message", (event) => {
    const unread = Number(event.data);
    badge.textContent = unread > 99 ? "99+" : String(unread);
    badge.hidden = unread === 0;
  });
  source.addEventListener("ended", () => source.close());
}
