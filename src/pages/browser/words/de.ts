import type { Words } from './contract.ts';

export const de: Words = {
  accepted: { title: 'Eingecheckt', advice: 'Willkommen. Bitte treten Sie ein.' },
  refused: {
    no_face: {
      title: 'Kein Gesicht zu sehen',
      advice: 'Stellen Sie sich vor die Kamera und schauen Sie hinein.',
    },
    unknown: {
      title: 'Nicht erkannt',
      advice: 'Bitte versuchen Sie es noch einmal, oder fragen Sie am Empfang.',
    },
    ambiguous: {
      title: 'Nicht eindeutig',
      advice: 'Bitte versuchen Sie es noch einmal, oder fragen Sie am Empfang.',
    },
    spoof_suspected: {
      title: 'Das sieht nach einem Bild aus',
      advice: 'Bitte kommen Sie selbst, ohne Telefon oder Foto vor der Kamera.',
    },
    cooldown: { title: 'Schon eingecheckt', advice: 'Es ist nichts weiter zu tun. Bitte treten Sie ein.' },
    gallery_empty: { title: 'Noch niemand erfasst', advice: 'Bitte fragen Sie am Empfang.' },
  },
  shortfalls: {
    probability: {
      title: 'Gesicht nicht klar',
      advice: 'Schauen Sie in die Kamera, ohne etwas vor dem Gesicht.',
    },
    size: { title: 'Zu weit weg', advice: 'Bitte kommen Sie näher.' },
    sharpness: { title: 'Unscharf', advice: 'Bitte halten Sie einen Moment still.' },
    too_dark: { title: 'Zu dunkel', advice: 'Bitte drehen Sie sich zum Licht.' },
    too_bright: { title: 'Zu hell', advice: 'Bitte treten Sie aus dem Gegenlicht.' },
    yaw: { title: 'Zur Seite gedreht', advice: 'Bitte schauen Sie gerade in die Kamera.' },
    pitch: { title: 'Blick nach oben oder unten', advice: 'Bitte schauen Sie gerade in die Kamera.' },
    roll: { title: 'Kopf geneigt', advice: 'Bitte halten Sie den Kopf gerade.' },
    features: {
      title: 'Gesicht verdeckt',
      advice: 'Bitte nehmen Sie Maske, Sonnenbrille oder Schal kurz ab.',
    },
    cut: { title: 'Nicht ganz im Bild', advice: 'Bitte stellen Sie sich mittig vor die Kamera.' },
  },
  idle: { title: 'Bitte in die Kamera schauen', advice: 'Die Antwort sehen Sie hier.' },
  starting: { title: 'Einen Moment', advice: 'Die Station macht sich bereit.' },
  offline: {
    title: 'Außer Betrieb',
    advice: 'Bitte fragen Sie am Empfang. Wir stellen die Verbindung wieder her.',
  },
  unauthorised: {
    title: 'Nicht eingerichtet',
    advice:
      'Dieser Bildschirm braucht das Token der Station: Melden Sie sich in diesem Browser auf der Operator-Seite an.',
  },
  connected: 'Bereit',
  disconnected: 'Keine Verbindung',
  preview: 'Das Bild der Kamera',
  fullScreen: 'Vollbild',
};
