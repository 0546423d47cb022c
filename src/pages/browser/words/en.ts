import type { Words } from './contract.ts';

export const en: Words = {
  accepted: { title: 'Checked in', advice: 'Welcome. Please go ahead.' },
  refused: {
    no_face: { title: 'No face seen', advice: 'Stand in front of the camera and look into it.' },
    unknown: { title: 'Not recognised', advice: 'Please try once more, or see the reception.' },
    ambiguous: { title: 'Not sure who you are', advice: 'Please try once more, or see the reception.' },
    spoof_suspected: {
      title: 'That looks like a picture',
      advice: 'Please come in person, without a phone or photo before the camera.',
    },
    cooldown: { title: 'Already checked in', advice: 'There is nothing more to do. Please go ahead.' },
    gallery_empty: { title: 'Nobody is enrolled yet', advice: 'Please see the reception.' },
  },
  shortfalls: {
    probability: { title: 'Face not clear', advice: 'Face the camera, with nothing in front of your face.' },
    size: { title: 'Too far away', advice: 'Please come closer.' },
    sharpness: { title: 'Blurred', advice: 'Please hold still for a moment.' },
    too_dark: { title: 'Too dark', advice: 'Please turn towards the light.' },
    too_bright: { title: 'Too bright', advice: 'Please step out of the glare.' },
    yaw: { title: 'Turned away', advice: 'Please look straight into the camera.' },
    pitch: { title: 'Looking up or down', advice: 'Please look straight into the camera.' },
    roll: { title: 'Head tilted', advice: 'Please hold your head upright.' },
    features: { title: 'Face covered', advice: 'Please take off mask, sunglasses or scarf for a moment.' },
    cut: { title: 'Not all in the picture', advice: 'Please stand in front of the middle of the camera.' },
  },
  idle: { title: 'Look at the camera', advice: 'You will see the answer here.' },
  starting: { title: 'One moment', advice: 'The station is getting ready.' },
  offline: { title: 'Out of order', advice: 'Please see the reception. We are trying to reconnect.' },
  unauthorised: {
    title: 'Not set up',
    advice: 'This screen needs the station’s token: log in on the operator page in this browser.',
  },
  connected: 'Ready',
  disconnected: 'No connection',
  preview: 'What the camera sees',
  fullScreen: 'Full screen',
};
