import { gzipSync } from 'node:zlib';
import type { Dice } from './mutations.ts';

/** What ends up in a folder for photos without being one; by file name. `photo` is a JPEG that some of them carry. */
export function strangers(photo: Buffer, dice: Dice): Map<string, Buffer> {
  const text = (content: string) => Buffer.from(content);
  return new Map([
    ['empty.jpg', Buffer.alloc(0)],
    ['one-byte.jpg', Buffer.from([0xff])],
    ['marker.jpg', Buffer.from([0xff, 0xd8, 0xff])],
    ['zeros.png', Buffer.alloc(100_000)],
    ['ones.jpg', Buffer.alloc(100_000, 0xff)],
    ['noise.webp', dice.noise(100_000)],
    ['too-large.jpg', Buffer.concat([photo, Buffer.alloc(26 * 2 ** 20)])],
    ['readme.txt', text('Photos of the front door.\n')],
    ['page.html', text('<!doctype html><title>404</title><img src="photo.jpg">')],
    ['upload.php', text('<?php system($_GET["c"]); ?>')],
    ['script.sh', text('#!/bin/sh\nreboot\n')],
    ['list.csv', text('3 4\n0 0 0 0\n0 0 0 0\n0 0 0 0\n')],
    ['data.json', text('{"photo": null}')],
    ['drawing.xml', text('<?xml version="1.0"?><drawing/>')],
    ['pixels.ppm', text('P3 2 2 255 0 0 0 0 0 0 0 0 0 0 0 0\n')],
    ['image.mvg', text('push graphic-context\nimage over 0,0 0,0 "/etc/passwd"\npop graphic-context\n')],
    [
      'document.pdf',
      text('%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF'),
    ],
    ['photos.zip', Buffer.concat([text('PK\x03\x04'), Buffer.alloc(26), photo])],
    ['photo.jpg.gz', gzipSync(photo)],
    ['program', Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), dice.noise(5000)])],
    ['program.exe', Buffer.concat([text('MZ'), dice.noise(5000)])],
    ['library.sqlite', Buffer.concat([text('SQLite format 3\0'), Buffer.alloc(4096)])],
    ['film.mp4', Buffer.concat([Buffer.from('\0\0\0\x20ftypisom', 'latin1'), dice.noise(5000)])],
    [
      'raw.heic',
      Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0heicmif1', 'latin1'), dice.noise(5000)]),
    ],
    ['raw.cr2', Buffer.concat([Buffer.from('II*\0\x10\0\0\0CR\x02\0', 'latin1'), dice.noise(5000)])],
    ['matlab.mat', Buffer.concat([text('MATLAB 5.0 MAT-file'), Buffer.alloc(200)])],
    ['sound.wav', Buffer.concat([Buffer.from('RIFF\xff\xff\xff\x7fWAVEfmt ', 'latin1'), dice.noise(5000)])],
    ['mail.eml', text(`Content-Type: image/jpeg\n\n${photo.toString('base64')}\n`)],
    ['after-text.jpg', Buffer.concat([text('\n\n'), photo])],
  ]);
}

/**
 * Names that break scripts, as bytes: file systems don't ask for UTF-8. None begins with a dot or ends like a temporary
 * file, which a station leaves alone.
 */
export const oddNames: readonly Buffer[] = [
  'two words.jpg',
  ' between blanks ',
  '-rf.jpg',
  '--help',
  'line\nfeed.jpg',
  'tab\tand\u0007bell.jpg',
  '\u001b[31mred.jpg',
  'Zoë Müller.jpg',
  'Zoe\u0308.jpg',
  '顔写真.jpg',
  '👩🏽‍🦱.jpg',
  'gpj.\u202ejpg.exe',
  'a..b..jpg',
  '%2e%2e%2fetc%2fpasswd.jpg',
  '\\..\\..\\windows.jpg',
  'quote".jpg',
  "it's $(reboot) `reboot`; *.jpg",
  'no extension',
  'upper.JPG',
  'lower.jpeg',
  '{"json":true}.jpg',
  'constructor',
  '__proto__',
  'failed.jpg',
  // The reason for the second of these, both set aside, would be written over the first.
  'photo.jpg.reason.json',
  'IMG_0001.JPG',
  'photo.jpg',
  'photo-1.jpg',
  `${'long'.repeat(49)}.jpg`,
  `${'long'.repeat(48)}.jpg`,
  // As long as Linux allows, 255 bytes: nothing can be added.
  `${'x'.repeat(251)}.jpg`,
  `${'y'.repeat(251)}.jpg`,
  `${'顔'.repeat(83)}x.jpg`,
  `${'顔'.repeat(83)}y.jpg`,
  Buffer.from('T\xfcr im Sommer.jpg', 'latin1'),
  Buffer.from('T\xfcr im Winter.jpg', 'latin1'),
].map((name) => Buffer.from(name));
