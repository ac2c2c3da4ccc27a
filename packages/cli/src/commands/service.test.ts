/** `spool service`: what is written, for both systems, and what the service manager is told. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ServiceSettings, serviceOf } from "../service/service-files.ts";
import { SpoolHome } from "../testing/spool-home.ts";

let home: SpoolHome;
before(async () => {
  home = await SpoolHome.open();
});
after(() => home.close());

const settings: ServiceSettings = {
  platform: "linux",
  home: "/home/me",
  userId: 1000,
  configHome: undefined,
  program: ["/opt/my node/bin/node", "/srv/100%/$x/main.ts"],
  url: "https://spool.example",
  environment: { CODEX_HOME: '/data/"codex" & more' },
};

test("WATCH13 a systemd unit runs the publisher, names the key's file and not the key", () => {
  const { unit, keyPath, start } = serviceOf(settings);
  assert.equal(unit.path, "/home/me/.config/systemd/user/spool-publish.service");
  assert.equal(keyPath, "/home/me/.config/spool/publish.key");
  assert.ok(
    unit.text.includes(
      'ExecStart="/opt/my node/bin/node" "/srv/100%%/$$x/main.ts" "publish" "--watch"\n',
    ),
  );
  assert.ok(unit.text.includes(`Environment="SPOOL_API_KEY_FILE=${keyPath}"\n`));
  assert.ok(unit.text.includes('Environment="CODEX_HOME=/data/\\"codex\\" & more"\n'));
  assert.match(unit.text, /RestartPreventExitStatus=2 3\nSuccessExitStatus=130\n/);
  assert.deepEqual(start.at(-1), ["systemctl", "--user", "restart", "spool-publish.service"]);
});

test("WATCH13 a launchd agent does the same", () => {
  const { unit, keyPath, start } = serviceOf({ ...settings, platform: "darwin" });
  assert.equal(unit.path, "/home/me/Library/LaunchAgents/dev.spool.publish.plist");
  assert.ok(unit.text.includes("<string>/opt/my node/bin/node</string>"));
  assert.ok(unit.text.includes(`<key>SPOOL_API_KEY_FILE</key><string>${keyPath}</string>`));
  assert.ok(unit.text.includes('<string>/data/"codex" &amp; more</string>'));
  assert.deepEqual(start, [["launchctl", "bootstrap", "gui/1000", unit.path]]);
});

test("WATCH13 install, status and uninstall on a system with systemd", {
  skip: process.platform === "linux" ? false : "what the system's manager is told is systemd's",
}, async () => {
  // Stands for the manager, which needs a login session: keeps what it was told.
  const told = join(home.folder, "told");
  const manager = home.path("bin/systemctl");
  writeFileSync(manager, `#!/bin/sh\necho "$*" >> '${told}'\necho active\n`, { mode: 0o755 });
  const env = { PATH: `${join(home.folder, "bin")}:${process.env.PATH}` };
  const unit = join(home.folder, ".config/systemd/user/spool-publish.service");
  const key = join(home.folder, ".config/spool/publish.key");

  const dry = await home.run(["service", "install", "--dry-run"], env);
  assert.equal(dry.code, 0);
  assert.ok(dry.out.includes(unit) && !dry.out.includes(home.key) && !existsSync(unit));
  assert.equal((await home.run(["service", "status"], env)).code, 1);

  const wrong = await home.run(["service", "install"], {
    ...env,
    SPOOL_API_KEY: `rt_live_${"x".repeat(43)}`,
  });
  assert.deepEqual([wrong.code, existsSync(unit), existsSync(told)], [1, false, false]);

  assert.deepEqual((await home.run(["service", "install"], env)).code, 0);
  assert.equal(readFileSync(key, "utf8").trim(), home.key);
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.ok(!readFileSync(unit, "utf8").includes(home.key));
  assert.match(readFileSync(told, "utf8"), /daemon-reload\n.*enable .*\n.*restart .*\n/);
  const status = await home.run(["service", "status"], env);
  assert.deepEqual([status.code, status.out], [0, `${unit}: running\n`]);

  // What the unit names is what runs: the key's file gives the key.
  const asService = { SPOOL_API_KEY: "", SPOOL_API_KEY_FILE: key };
  assert.equal((await home.run(["threads", "list"], asService)).code, 0);

  assert.equal((await home.run(["service", "uninstall"], env)).code, 0);
  assert.deepEqual([existsSync(unit), existsSync(key)], [false, false]);
  assert.match(readFileSync(told, "utf8"), /disable --now spool-publish.service\n$/);
});
