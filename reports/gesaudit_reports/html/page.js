"use strict";
(() => {
  const form = document.getElementById("filter");
  const find = document.getElementById("find");
  const shown = document.getElementById("shown");
  const chips = [...form.querySelectorAll("button")];
  const cards = [...document.querySelectorAll(".card")];
  const rows = new Map();
  for (const row of document.querySelectorAll(".matrix tbody tr")) {
    rows.set(row.querySelector("a").hash.slice(1), row);
  }
  const texts = new Map(); // read when first asked for: a large page has megabytes of text

  const textOf = (card) => {
    if (!texts.has(card)) texts.set(card, card.textContent.toLowerCase());
    return texts.get(card);
  };

  const apply = () => {
    const letters = chips.filter((chip) => chip.ariaPressed === "true").map((chip) => chip.dataset.s);
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const card of cards) {
      const fits =
        (!letters.length || letters.some((letter) => card.dataset.s.includes(letter))) &&
        words.every((word) => textOf(card).includes(word));
      card.hidden = !fits;
      const row = rows.get(card.id);
      if (row) row.hidden = !fits;
      count += fits;
    }
    const all = letters.length + words.length === 0;
    shown.textContent = all ? "" : `${count} of ${cards.length} shown`;
  };

  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.hidden) {
      find.value = "";
      for (const chip of chips) chip.ariaPressed = "false";
      apply();
    }
    if (target.matches("details")) {
      target.open = true;
      target.scrollIntoView();
    }
  };

  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.ariaPressed = chip.ariaPressed === "true" ? "false" : "true";
      apply();
    });
  }
  let waiting = 0;
  find.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) reveal();
  });
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  form.hidden = false;
  document.getElementById("totals").hidden = true; // the buttons say the same
  reveal();
})();
