// What every page does when it is there.

import { enliven } from "./alive.js";
import * as shell from "./shell.js";

shell.enliven();
await enliven(document.getElementById("main"));
