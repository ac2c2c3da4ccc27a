/**
 * The files that make `spool publish --watch` a service of this user, as text: a systemd user unit
 * or a launchd agent, and a file for the key alone. Pure; used by `spool service` (WATCH13).
 */
import { join } from "node:path";

/** What the service runs, and for whom. */
export type ServiceSettings = {
  readonly platform: "linux" | "darwin";
  readonly home: string;
  readonly userId: number;
  /** XDG_CONFIG_HOME, where it is set. */
  readonly configHome: string | undefined;
  /** The program and its first words, absolute: Node, the command line's main file. */
  readonly program: readonly string[];
  readonly url: string;
  /** Variables that move agents' folders or the state, as they are now. */
  readonly environment: Readonly<Record<string, string>>;
};

/** A file to write. */
export type ServiceFile = { readonly path: string; readonly text: string; readonly mode: number };

/** The service of a platform: its description, and the commands that start, end and ask for it. */
export type Service = {
  readonly unit: ServiceFile;
  readonly keyPath: string;
  readonly start: readonly (readonly string[])[];
  readonly stop: readonly (readonly string[])[];
  readonly status: readonly string[];
};

const unitName = "spool-publish.service";
const label = "dev.spool.publish";

/** The service for these settings. */
export function serviceOf(settings: ServiceSettings): Service {
  return settings.platform === "darwin" ? launchdService(settings) : systemdService(settings);
}

function systemdService(settings: ServiceSettings): Service {
  const config = settings.configHome || join(settings.home, ".config");
  const keyPath = join(config, "spool", "publish.key");
  const systemctl = (...words: string[]) => ["systemctl", "--user", ...words];
  return {
    unit: {
      path: join(config, "systemd", "user", unitName),
      text: unitText(settings, keyPath),
      mode: 0o644,
    },
    keyPath,
    start: [
      systemctl("daemon-reload"),
      systemctl("enable", unitName),
      systemctl("restart", unitName),
    ],
    stop: [systemctl("disable", "--now", unitName)],
    status: systemctl("is-active", unitName),
  };
}

function unitText(settings: ServiceSettings, keyPath: string): string {
  const words = [...settings.program, "publish", "--watch"].map((word) => quoted(word, true));
  const variables = Object.entries(variablesOf(settings, keyPath));
  return `[Unit]
Description=Spool: publish the sessions of local agents
After=network-online.target

[Service]
ExecStart=${words.join(" ")}
${variables.map(([name, value]) => `Environment=${quoted(`${name}=${value}`, false)}`).join("\n")}
Restart=always
RestartSec=5
# 2: used wrongly, 3: the key is refused; 130: stopped.
RestartPreventExitStatus=2 3
SuccessExitStatus=130
Nice=10

[Install]
WantedBy=default.target
`;
}

/** A word of a unit file; in a command line, \`$\` would be a variable. */
function quoted(word: string, isCommand: boolean): string {
  const plain = word.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%").replaceAll("\n", "\\n");
  return `"${isCommand ? plain.replaceAll("$", "$$$$") : plain}"`;
}

function launchdService(settings: ServiceSettings): Service {
  const { home, userId } = settings;
  const path = join(home, "Library", "LaunchAgents", `${label}.plist`);
  const keyPath = join(home, "Library", "Application Support", "spool", "publish.key");
  return {
    unit: { path, text: plistText(settings, keyPath), mode: 0o644 },
    keyPath,
    start: [["launchctl", "bootstrap", `gui/${userId}`, path]],
    stop: [["launchctl", "bootout", `gui/${userId}/${label}`]],
    status: ["launchctl", "print", `gui/${userId}/${label}`],
  };
}

function plistText(settings: ServiceSettings, keyPath: string): string {
  const words = [...settings.program, "publish", "--watch"];
  const strings = words.map((word) => `    <string>${escaped(word)}</string>`).join("\n");
  const variables = Object.entries(variablesOf(settings, keyPath))
    .map(([name, value]) => `    <key>${name}</key><string>${escaped(value)}</string>`)
    .join("\n");
  const log = escaped(join(settings.home, "Library", "Logs", "spool-publish.log"));
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>${label}</string>
  <key>ProgramArguments</key>
  <array>
${strings}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables}
  </dict>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><true/>
  <key>ThrottleInterval</key><integer>30</integer>
  <key>ProcessType</key><string>Background</string>
  <key>StandardOutPath</key><string>${log}</string>
  <key>StandardErrorPath</key><string>${log}</string>
</dict>
</plist>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function variablesOf({ url, environment }: ServiceSettings, keyPath: string) {
  return { SPOOL_URL: url, SPOOL_API_KEY_FILE: keyPath, ...environment };
}
