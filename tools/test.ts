import { dirname, fromFileUrl, join, toFileUrl } from "@std/path";

/** Test files that take long, or that change what others would see, each run by itself, in about this order. */
const ALONE = `
  check_rooms chromium soak check_mychat check_im_client check_teaching chromium_texts chromium_page chromium_signs
  check_peers check_address_book_server check_address_book_client check_im_server chat_programs rooms_programs
  rooms_member_files doctor mychat_programs chat_store_migration peer_network mailbox file_attack unplugged peer
  programs check_all chromium_files tls_chat trace datagram_flood chromium_attachments check_lobby_server
  check_cross check_lobby_client check_command peer_dialect_programs peer_programs chromium_offline file_programs
  web listener_attack privileges file_network chromium_password chromium_hour address_book users_command
  attachment_programs registration page_programs check_mailbox attachment_http page_languages delivery_simulation
  listeners native_changes password_change store_fault_programs other_servers file chat_store_model simulation
  native peer_python file_attack_again task_flags export store mychat check_page files lobby_programs chat_terminal
  guest_login web_attack lobby rooms_simulation check_replay exchange_server direct peer_terminal im_wire datagram
  exchange_simulation
`.trim().split(/\s+/);

/** All others are quick and load much the same modules, which these groups load once. */
const GROUPS = 4;
/** How many run at the same time. */
const JOBS = 5;

const tests = join(dirname(fromFileUrl(import.meta.url)), "..", "tests");
const files = Array.from(Deno.readDirSync(tests), ({ name }) => name).filter((name) => name.endsWith("_test.ts"))
  .sort();
const alone = ALONE.map((name) => `${name}_test.ts`);
const unknown = alone.filter((name) => !files.includes(name));
if (unknown.length > 0) throw new Error(`there is no ${unknown.join(", ")} in tests/`);
const quick = files.filter((name) => !alone.includes(name));

// Ctrl-C ends the tests, and this program after them.
Deno.addSignalListener("SIGINT", () => {});
const folder = Deno.makeTempDirSync({ prefix: "partyline-tests-" });
try {
  const groups = Array.from({ length: GROUPS }, (_, group) => {
    const path = join(folder, `quick_${group + 1}_test.ts`);
    const imports = quick.filter((_, i) => i % GROUPS === group).map((name) => toFileUrl(join(tests, name)));
    Deno.writeTextFileSync(path, imports.map((url) => `import ${JSON.stringify(url)};\n`).join(""));
    return path;
  });
  const given = ["test", "-A", "--no-check", "--parallel", ...Deno.args];
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [...given, ...alone.map((name) => join(tests, name)), ...groups],
    env: { DENO_JOBS: String(JOBS) },
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  Deno.removeSync(folder, { recursive: true });
}
