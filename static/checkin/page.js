// What runs on every page, a small module for each thing. Pages work without any of it.
import "./toast.js";
import "./time.js";
import "./steady.js";
import "./busy.js";
import "./focus.js";
import "./resend.js";
import "./undo.js";
import "./kiosk.js";
