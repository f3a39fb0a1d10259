// The page: which view the address names, and how one gets from one to another. Reload and back keep the place.

import { HomeView } from "./home.js";
import { RunView } from "./run.js";
import { MissingView, SignInView } from "./signin.js";
import { StartDialog } from "./start.js";

const TRY_AGAIN_MS = 3_000;

let view = null;
let dialog = null;
let shown = 0;

/** Goes to an address of this page. */
function go(address) {
  history.pushState(null, "", address);
  void show();
}

/** Shows what belongs there instead where the session or the thing is missing. Tells whether it did. */
function refused(problem) {
  if (problem.status === 401) put(new SignInView(() => void show(), false));
  else if (problem.status === 403) put(new MissingView("Not allowed", "This session may not see that."));
  else if (problem.status === 404) put(new MissingView("No such run", "It does not exist, or it is not yours."));
  else return false;
  return true;
}

function put(next) {
  view?.close();
  view = next;
  document.getElementById("main").replaceWith(next.node);
  const home = next instanceof HomeView;
  const link = document.getElementById("nav-collect");
  if (home) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
  return next.open();
}

async function show(problem) {
  shown += 1;
  const mine = shown;
  // The server shows the page here only where a link opened nothing.
  if (location.pathname === "/sign-in") {
    history.replaceState(null, "", "/sign-in");
    put(new SignInView(() => go("/"), true));
    return;
  }
  const query = new URLSearchParams(location.search);
  const id = query.get("run");
  const wanted = !id && query.has("collect");
  if (!wanted) dialog?.close();
  try {
    if (id) await put(new RunView(id, refused));
    else if (!(view instanceof HomeView)) await put(new HomeView(refused, () => go("/?collect")));
    if (mine !== shown) return;
    if (problem) view.head?.complain(problem.message);
    if (wanted && !dialog && view instanceof HomeView) collect();
  } catch (error) {
    if (error.status === undefined) throw error;
    if (mine !== shown || refused(error)) return;
    put(new MissingView("No answer", `${error.message} It is tried again every few seconds.`));
    setTimeout(() => mine === shown && void show(), TRY_AGAIN_MS);
  }
}

function collect() {
  dialog = new StartDialog(
    (id, problem) => {
      dialog = null;
      history.replaceState(null, "", `/?run=${encodeURIComponent(id)}`);
      void show(problem);
    },
    () => {
      dialog = null;
      if (new URLSearchParams(location.search).has("collect")) history.replaceState(null, "", "/");
    },
    refused,
  );
  void dialog.open();
}

addEventListener("popstate", () => void show());
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-go]");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (link.href !== location.href) go(link.href);
});
void show();
