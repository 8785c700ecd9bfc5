// The entry: what every page needs at once, and the registry of modules that a page loads when it has a use for them.
import htmx from "htmx.org";

import { startCopying } from "./copy";
import { startDialogs } from "./dialogs";
import { startFocus } from "./focus";
import { startLostRequests } from "./lost_requests";
import { startMenus } from "./menus";
import { startModules } from "./modules";
import { startShortcuts } from "./shortcuts";
import { startTheme } from "./theme";
import { startTimes } from "./times";
import { startToasts } from "./toasts";

htmx.config.includeIndicatorCSS = false; // it would be an inline style; components.css has it
htmx.config.history = "reload"; // back and forward ask the server: no old state of an alert is shown

startTheme();
startTimes();
startMenus();
startCopying();
startDialogs();
startToasts();
startLostRequests();
startShortcuts();
startModules();
startFocus();
