import type { DefineVerb } from './context.ts';

/** A word of the command line that does something. */
export interface Verb {
  readonly name: string;
  /** Its line in the list of the help. */
  readonly description: string;
  /** Loads the file that defines it, and with it what only this verb needs. */
  readonly load: () => Promise<DefineVerb>;
}

/** The verbs in the order of the help, by what they are for. */
export const verbGroups: readonly (readonly [title: string, verbs: readonly Verb[]])[] = [
  [
    'Running a station:',
    [
      {
        name: 'station',
        description: 'run a station: captures in, check-ins out, until it is stopped',
        load: async () => (await import('./station.ts')).defineStation,
      },
      {
        name: 'bridge',
        description: 'write what stations publish to InfluxDB or VictoriaMetrics, until it is stopped',
        load: async () => (await import('./bridge.ts')).defineBridge,
      },
      {
        name: 'report',
        description: 'write a page about a period from the database',
        load: async () => (await import('./report.ts')).defineReport,
      },
      {
        name: 'simulate',
        description: 'run a fleet of virtual stations, for demos, load tests and dashboards',
        load: async () => (await import('./simulate.ts')).defineSimulate,
      },
    ],
  ],
  [
    'People:',
    [
      {
        name: 'enroll',
        description: 'add people to the gallery from a folder of reference photos',
        load: async () => (await import('./enroll.ts')).defineEnroll,
      },
      {
        name: 'gallery',
        description: 'list, audit, remove, export, import and publish the templates of the gallery',
        load: async () => (await import('./gallery.ts')).defineGallery,
      },
    ],
  ],
  [
    'Trying photos:',
    [
      {
        name: 'detect',
        description: 'find the faces in photos',
        load: async () => (await import('./detect.ts')).defineDetect,
      },
      {
        name: 'match',
        description: 'tell whether two photos show the same person',
        load: async () => (await import('./match.ts')).defineMatch,
      },
      {
        name: 'evaluate',
        description: 'measure the accuracy of face verification on labelled pairs of photos',
        load: async () => (await import('./evaluate.ts')).defineEvaluate,
      },
      {
        name: 'calibrate',
        description: "recommend threshold and margin from a site's own photos",
        load: async () => (await import('./calibrate.ts')).defineCalibrate,
      },
      {
        name: 'replay',
        description: 'show what a changed policy would have decided on what was recorded',
        load: async () => (await import('./replay.ts')).defineReplay,
      },
    ],
  ],
  [
    'Setting up:',
    [
      {
        name: 'install',
        description: 'set the station up as a service that starts with the machine',
        load: async () => (await import('./install.ts')).defineInstall,
      },
      {
        name: 'uninstall',
        description: 'undo install; settings and data stay unless they are purged',
        load: async () => (await import('./install.ts')).defineUninstall,
      },
      {
        name: 'doctor',
        description: 'look at everything that a station needs, and say what is wrong and what mends it',
        load: async () => (await import('./doctor.ts')).defineDoctor,
      },
      {
        name: 'health',
        description: 'ask the station that runs on this machine how it is',
        load: async () => (await import('./health.ts')).defineHealth,
      },
      {
        name: 'models',
        description: 'make, list and verify the face models',
        load: async () => (await import('./models.ts')).defineModels,
      },
      {
        name: 'camera',
        description: 'find cameras, and try the one of the config',
        load: async () => (await import('./camera.ts')).defineCamera,
      },
      {
        name: 'tune',
        description: 'measure which number of threads is fastest on this machine',
        load: async () => (await import('./tune.ts')).defineTune,
      },
      {
        name: 'bench',
        description: 'measure how fast this machine checks people in, stage by stage',
        load: async () => (await import('./bench.ts')).defineBench,
      },
      {
        name: 'config',
        description: 'check and show the configuration',
        load: async () => (await import('./config.ts')).defineConfig,
      },
      {
        name: 'backup',
        description: "write a station's gallery and settings into one file",
        load: async () => (await import('./backup.ts')).defineBackup,
      },
      {
        name: 'restore',
        description: 'put back what muster backup has written',
        load: async () => (await import('./restore.ts')).defineRestore,
      },
    ],
  ],
];
