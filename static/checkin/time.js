// Keeps "2 min ago" and the clock true to the server's clock, without requests.
import { word } from "./words.js";

const EVERY = 5000;
const MINUTE = 60000;
let ahead = 0; // how far the server's clock is ahead of this device's, in ms

export function setServerTime(moment, receivedAt = Date.now()) {
  const told = typeof moment === "number" ? moment : Date.parse(moment);
  if (Number.isNaN(told)) return;
  ahead = told - receivedAt;
  tick();
}

export function serverNow() {
  return Date.now() + ahead;
}

export function inWords(milliseconds) {
  const minutes = Math.floor(Math.max(milliseconds, 0) / MINUTE);
  if (minutes < 1) return word("agoNow");
  if (minutes < 60) return word("agoMinutes", minutes);
  if (minutes < 24 * 60) return word("agoHours", Math.floor(minutes / 60));
  const days = Math.floor(minutes / (24 * 60));
  return days === 1 ? word("agoDay") : word("agoDays", days);
}

// The time of day as the event's clock on the wall shows it.
export function timeOfDay(moment, zone) {
  const shape = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone || undefined };
  return new Intl.DateTimeFormat(document.documentElement.lang, shape).format(moment);
}

function write(element, text) {
  if (text && element.textContent !== text) element.textContent = text;
}

function tick() {
  const now = serverNow();
  for (const time of document.querySelectorAll("time[data-ago]")) {
    write(time, inWords(now - Date.parse(time.dateTime)));
  }
  for (const clock of document.querySelectorAll("[data-clock]")) {
    write(clock, timeOfDay(now, clock.dataset.clock));
  }
}

const [navigation] = performance.getEntriesByType("navigation");
const received = performance.timeOrigin + (navigation?.responseStart || performance.now());
setServerTime(document.querySelector('meta[name="server-time"]')?.content ?? "", received);
setInterval(tick, EVERY);
document.addEventListener("htmx:after:swap", tick);
document.addEventListener("visibilitychange", tick);
