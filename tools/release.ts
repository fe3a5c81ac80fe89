import { join } from "@std/path";

/** What the package managers need to know of a release. */
export interface Release {
  readonly version: string;
  /** OWNER/NAME on GitHub. */
  readonly repository: string;
  /** The checksum of each archive, by its name. */
  readonly sums: ReadonlyMap<string, string>;
}

/** The checksums of `SHA256SUMS`, by name. */
export function decodeSums(text: string): Map<string, string> {
  return new Map(
    text.split("\n").filter((line) => line !== "").map((line) => {
      const [, sum, name] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
      if (sum === undefined) throw new Error(`SHA256SUMS: expected a checksum and a name, found "${line}"`);
      return [name!, sum];
    }),
  );
}

/** The Homebrew formula of a release. */
export function formula(release: Release): string {
  const block = (system: "macos" | "linux", triple: string) => {
    const part = (arch: "arm" | "intel", machine: string) => {
      const { url, sum } = archive(release, `${machine}-${triple}.tar.gz`);
      return `    on_${arch} do\n      url "${url}"\n      sha256 "${sum}"\n    end\n`;
    };
    return `  on_${system} do\n${part("arm", "aarch64")}${part("intel", "x86_64")}  end\n`;
  };
  return `class Partyline < Formula
  desc "Chat for a room, a lab or a LAN"
  homepage "https://github.com/${release.repository}"
  version "${release.version}"
  license "MIT"

${block("macos", "apple-darwin")}
${block("linux", "unknown-linux-gnu")}
  def install
    bin.install "partyline-server", "partyline-client"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/partyline-server", "completions/partyline-client"
    zsh_completion.install "completions/_partyline-server", "completions/_partyline-client"
    fish_completion.install Dir["completions/*.fish"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/partyline-client --version")
  end
end
`;
}

/** The Scoop manifest of a release. */
export function manifest(release: Release): string {
  const part = (machine: string) => {
    const { url, sum, folder } = archive(release, `${machine}-pc-windows-msvc.zip`);
    return { url, hash: sum, extract_dir: folder };
  };
  const content = {
    version: release.version,
    description: "Chat for a room, a lab or a LAN",
    homepage: `https://github.com/${release.repository}`,
    license: "MIT",
    architecture: { "64bit": part("x86_64"), arm64: part("aarch64") },
    bin: ["partyline-server.exe", "partyline-client.exe"],
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

function archive({ version, repository, sums }: Release, end: string): { url: string; sum: string; folder: string } {
  const name = `partyline-${version}-${end}`;
  const sum = sums.get(name);
  if (sum === undefined) throw new Error(`SHA256SUMS has no line for ${name}`);
  const url = `https://github.com/${repository}/releases/download/v${version}/${name}`;
  return { url, sum, folder: name.replace(/\.(tar\.gz|zip)$/, "") };
}

/** Writes `partyline.rb` and `partyline.json` beside the archives in dist/; the argument is OWNER/NAME. */
if (import.meta.main) {
  const root = join(import.meta.dirname!, "..");
  const [repository] = Deno.args;
  if (repository === undefined || !/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    throw new Error(`expected OWNER/NAME of the repository, found ${repository ?? "nothing"}`);
  }
  const { version } = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as { version: string };
  const sums = decodeSums(await Deno.readTextFile(join(root, "dist", "SHA256SUMS")));
  const release = { version, repository, sums };
  await Deno.writeTextFile(join(root, "dist", "partyline.rb"), formula(release));
  await Deno.writeTextFile(join(root, "dist", "partyline.json"), manifest(release));
}
