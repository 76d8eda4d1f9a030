// The sound of a TV, where the event wants it: a chime for who is newly called, and their call spoken, one at a time.
// Browsers keep quiet until somebody has touched the page once (or the TV is started so that it may sound at once).
import { serverNow } from "./time.js";

const NOTES = [659.25, 523.25]; // E and C, going down, as at a door
const NOTE = 0.28;
const LOUD = 0.35;
const AFTER_CHIME = 1000;
const LONGEST_CALL = 15000; // some browsers never say that they have finished
const OLD = 60000;
const line = document.getElementById("board-sound");
const calls = [];
let audio = null;
let speaking = null;
let isSilenced = !navigator.userActivation?.hasBeenActive;

function wants(what) {
  return what in (document.getElementById("board-rows")?.dataset ?? {});
}

function tell() {
  if (wants("chime") && !audio && "AudioContext" in window) {
    audio = new AudioContext();
    audio.addEventListener("statechange", tell);
  }
  const isBlocked = (wants("chime") && audio?.state !== "running") || (wants("spokenCall") && isSilenced);
  const isMute = wants("spokenCall") && !("speechSynthesis" in window);
  const words = isMute ? line.dataset.mute : isBlocked ? line.dataset.blocked : "";
  if (line.textContent !== words) line.textContent = words;
}

function touched() {
  isSilenced = false;
  if (audio && audio.state !== "running") audio.resume().then(tell, tell);
  tell();
}

function chime() {
  // A device that slept may have stopped it; without a touch before, this would only be refused.
  if (audio && audio.state !== "running" && navigator.userActivation?.hasBeenActive) audio.resume().then(tell, tell);
  if (audio?.state !== "running") return;
  NOTES.forEach((frequency, index) => {
    const begin = audio.currentTime + index * NOTE;
    const tone = new OscillatorNode(audio, { frequency });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.setValueAtTime(0, begin);
    volume.gain.linearRampToValueAtTime(LOUD, begin + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, begin + 3 * NOTE);
    tone.connect(volume).connect(audio.destination);
    tone.addEventListener("ended", () => volume.disconnect());
    tone.start(begin);
    tone.stop(begin + 3 * NOTE);
  });
}

// Still called, by this very call, and not so long ago that people wonder.
function isDue(call) {
  return document.getElementById(call.id)?.dataset.call === call.number && serverNow() - call.at < OLD;
}

function speak() {
  if (speaking) return;
  let call = calls.shift();
  while (call && !isDue(call)) call = calls.shift();
  if (!call) return;
  const speech = new SpeechSynthesisUtterance(call.words);
  speech.lang = document.documentElement.lang;
  const limit = setTimeout(() => {
    speechSynthesis.cancel();
    next();
  }, LONGEST_CALL);
  function next() {
    if (speaking !== speech) return;
    clearTimeout(limit);
    speaking = null;
    speak();
  }
  speech.addEventListener("start", () => {
    isSilenced = false;
    tell();
  });
  speech.addEventListener("end", next);
  speech.addEventListener("error", ({ error }) => {
    if (error === "not-allowed") isSilenced = true;
    tell();
    next();
  });
  speaking = speech;
  speechSynthesis.speak(speech);
}

document.addEventListener("board:shown", ({ detail }) => {
  tell();
  if (detail.fresh.length === 0) return;
  if (wants("chime")) chime();
  if (!wants("spokenCall") || !("speechSynthesis" in window)) return;
  calls.push(...detail.fresh);
  if (!speaking) setTimeout(speak, wants("chime") ? AFTER_CHIME : 0);
});
for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, touched, { capture: true });
tell();
