"use strict";
(() => {
  const NAME = "seqtwin-key"; // page.js reads it, too
  const field = document.getElementById("key"), place = document.getElementById("answer");
  const fault = (text) => {
    const line = document.createElement("p");
    line.className = "fault";
    line.textContent = text;
    place.replaceChildren(line);
  };

  const open = async (key, quiet) => {
    let answered;
    try {
      answered = await fetch(location.pathname, { headers: { Accept: "text/html", Authorization: `Bearer ${key}` } });
    } catch {
      fault("The service does not respond, or the key has characters that no key has.");
      return;
    }
    if (!answered.ok) {
      sessionStorage.removeItem(NAME);
      if (!quiet) fault(answered.status === 401 ? "This is not the key of the service." : `The service answers ${answered.status}.`);
      return;
    }
    sessionStorage.setItem(NAME, key);
    const html = await answered.text();
    document.open(); // the new content stays under the policy of this page
    document.write(html);
    document.close();
  };

  document.getElementById("unlock").addEventListener("submit", (event) => {
    event.preventDefault();
    open(field.value.trim(), false);
  });
  const kept = sessionStorage.getItem(NAME);
  if (kept) open(kept, true);
})();
