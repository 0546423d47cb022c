import { choice, id, optionalText, section } from '../kinds.ts';

export const gallery = section(
  'The templates that faces are compared with.',
  {
    name: id(
      'main',
      'The gallery to use: the name of its folder below <data_dir>/gallery and of its topics.',
    ),
    audit: choice(
      ['warn', 'refuse'],
      'warn',
      "What becomes of a doubtful reference photo at enrolment (unlike the person's others, much like another person, enrolled as another one, of poor quality): a warning, or it is not taken. Over HTTP as on the command line, and for templates that are imported.",
    ),
    sync: choice(
      ['on', 'off'],
      'on',
      'Once a public key is set, on keeps the gallery the one that is published at the broker, in place of what is enrolled here; off leaves it to be kept by hand.',
    ),
    public_key: optionalText(
      'Public key that the published gallery is signed with: the line that muster gallery keygen prints, or PEM. Several lines or PEM blocks are several keys.',
    ),
    public_key_file: optionalText('File that holds the public key, or several.'),
    encryption_key_file: optionalText(
      'File that holds the key of encrypted templates, base64 of 32 bytes. With it the gallery is encrypted on the disk too.',
    ),
  },
  (value, conflict) => {
    if (value.public_key !== null && value.public_key_file !== null) {
      conflict('public_key_file', 'is set beside gallery.public_key; keep one of the two');
    }
  },
);
