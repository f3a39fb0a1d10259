// What to do where the server does not let this browser on.

/** Under which name this tab keeps why a run would not start until its page is there. */
export const unstarted = (id) => `gleaner-unstarted-${id}`;

const back = () => `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}#ended`;

// What somebody wrote and did not send, or what is shown once: it would be gone with the page.
const isWritten = () => [...document.querySelectorAll("textarea, input:not([type=search], [type=checkbox], [type=radio], [type=file])")]
  .some((field) => field.value !== field.defaultValue && field.checkVisibility());

let isTold = false;

// Over the page as it is: one signs in beside it, comes back, and sends what stands there.
async function keep() {
  if (isTold) return;
  isTold = true;
  try {
    const { signsInBeside } = await import("./dialog.js");
    await signsInBeside(back());
  } finally {
    isTold = false;
  }
}

/** Leads to the sign-in unless something written would be lost by it, or has the server say what is missing. Tells whether it did. */
export function refused(problem) {
  if (problem.status === 401 && isWritten()) void keep();
  else if (problem.status === 401) location.assign(back());
  else if (problem.status === 403 || problem.status === 404) location.reload();
  else return false;
  return true;
}
