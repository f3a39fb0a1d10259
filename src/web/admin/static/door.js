// What to do where the server does not let this browser on.

/** Under which name this tab keeps why a run would not start until its page is there. */
export const unstarted = (id) => `gleaner-unstarted-${id}`;

/** Leads to the sign-in, or has the server say what is missing. Tells whether it did. */
export function refused(problem) {
  if (problem.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}#ended`);
  else if (problem.status === 403 || problem.status === 404) location.reload();
  else return false;
  return true;
}
