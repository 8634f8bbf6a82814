const button = document.querySelector("#pause");
const key = "seqtwin-status-paused";
const stored = () => { try { return sessionStorage.getItem(key) === "1"; } catch { return false; } };
let paused = stored();
const show = () => {
  button.textContent = paused ? "Refresh again" : "Stop refreshing";
};
button.hidden = false;
show();
button.addEventListener("click", () => {
  paused = !paused;
  try { sessionStorage.setItem(key, paused ? "1" : "0"); } catch { /* a browser without storage forgets it */ }
  show();
});
setInterval(() => { if (!paused) location.reload(); }, 1000 * Number(document.body.dataset.seconds));
