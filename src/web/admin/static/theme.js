// The theme: as the system, light or dark. Runs before the first paint, so it is no module; told by data-theme on <html>.
(() => {
  const KEY = "gleaner-theme";
  const ORDER = ["system", "light", "dark"];
  const root = document.documentElement;

  const stored = () => {
    try {
      const word = localStorage.getItem(KEY);
      return ORDER.includes(word) ? word : "system";
    } catch {
      return "system"; // storage is switched off: the system decides
    }
  };

  let theme = stored();

  const show = () => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (!button) return;
    button.title = button.dataset[theme];
    button.setAttribute("aria-label", button.title);
  };

  const next = () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Not kept; the switch still works on this page.
    }
    show();
  };

  show();
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", next);
    show();
  });
})();
