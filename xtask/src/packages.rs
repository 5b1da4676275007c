//! System packages: what is missing is installed on Debian and Ubuntu, and named elsewhere.

use crate::step::{Outcome, fail, run, succeeds};
use std::{env, path::PathBuf, process::Command};

/// How to see that a package is there.
enum Probe {
    /// A library that `pkg-config` knows.
    Library(&'static str),
    /// A program on the PATH.
    Program(&'static str),
    /// A module that `python3` can import.
    PythonModule(&'static str),
    /// A file in one of the folders of `/usr/lib`.
    FileBelowUsrLib(&'static str),
}

/// A Debian package and its proof.
struct Package {
    name: &'static str,
    probe: Probe,
}

const fn package(name: &'static str, probe: Probe) -> Package {
    Package { name, probe }
}

const FOR_BUILDING: &[Package] = &[
    package("build-essential", Probe::Program("cc")),
    package("pkg-config", Probe::Program("pkg-config")),
    package("libwebkit2gtk-4.1-dev", Probe::Library("webkit2gtk-4.1")),
    package("libssl-dev", Probe::Library("openssl")),
];
const FOR_A_VIRTUAL_DISPLAY: &[Package] = &[
    package("xvfb", Probe::Program("Xvfb")),
    package("imagemagick", Probe::Program("import")),
];
const FOR_TESTING: &[Package] = &[
    package("webkit2gtk-driver", Probe::Program("WebKitWebDriver")),
    package("dbus-daemon", Probe::Program("dbus-daemon")),
    // Shows a gateway under test another time than the machine's.
    package(
        "libfaketime",
        Probe::FileBelowUsrLib("faketime/libfaketimeMT.so.1"),
    ),
    // The server under the name of its checker, without a service that starts by itself.
    package("redis-tools", Probe::Program("redis-check-rdb")),
    // Tests put a window's process on a network of its own, with these two and `ip`.
    package("util-linux", Probe::Program("nsenter")),
    package("iproute2", Probe::Program("ip")),
    // The official SDKs are tested in a virtual environment; Debian splits what makes one from the interpreter.
    package("python3-venv", Probe::PythonModule("ensurepip")),
];

/// What a verb needs of the system.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Building,
    VirtualDisplay,
    Testing,
}

/// Makes sure that everything is there: installs it when allowed to, else stops with the line to run.
pub(crate) fn ensure(needs: &[Need]) -> Outcome {
    if !cfg!(target_os = "linux") {
        return elsewhere();
    }
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    if !on_path("apt-get") {
        return fail(format!(
            "these packages are missing, under Debian's names; install your system's own of the same libraries: {}",
            missing.join(" ")
        ));
    }
    println!("installing {}", missing.join(" "));
    install(&missing)?;
    let still = self::missing(needs);
    if still.is_empty() {
        Ok(())
    } else {
        fail(format!("installed, but still not found: {}", still.join(" ")))
    }
}

fn missing(needs: &[Need]) -> Vec<&'static str> {
    let lists = needs.iter().flat_map(|need| match need {
        Need::Building => FOR_BUILDING,
        Need::VirtualDisplay => FOR_A_VIRTUAL_DISPLAY,
        Need::Testing => FOR_TESTING,
    });
    lists
        .filter(|package| !is_there(&package.probe))
        .map(|package| package.name)
        .collect()
}

fn is_there(probe: &Probe) -> bool {
    match probe {
        Probe::Library(name) => succeeds(Command::new("pkg-config").args(["--exists", name])),
        Probe::Program(name) => on_path(name),
        Probe::PythonModule(name) => {
            succeeds(Command::new("python3").args(["-c", &format!("import {name}")]))
        }
        Probe::FileBelowUsrLib(path) => std::fs::read_dir("/usr/lib")
            .is_ok_and(|folders| folders.flatten().any(|folder| folder.path().join(path).is_file())),
    }
}

fn on_path(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders)
        .map(|folder: PathBuf| folder.join(program))
        .any(|path| path.is_file())
}

fn install(missing: &[&str]) -> Outcome {
    let as_root = succeeds(Command::new("sh").args(["-c", "[ \"$(id -u)\" = 0 ]"]));
    let by_sudo = !as_root && succeeds(Command::new("sudo").args(["-n", "true"]));
    if !as_root && !by_sudo {
        return fail(format!(
            "some system packages are missing. Install them, then repeat:\n\n    sudo apt-get update && sudo apt-get install -y {}\n",
            missing.join(" ")
        ));
    }
    let apt = |words: &[&str]| {
        let mut command = Command::new(if as_root { "env" } else { "sudo" });
        if by_sudo {
            command.args(["-n", "env"]);
        }
        command
            .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
            .args(words);
        run(&mut command)
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing].concat())
}

/// macOS and Windows bring the webview; only the compiler's own needs are left, and those need a person.
fn elsewhere() -> Outcome {
    if cfg!(target_os = "macos") {
        if succeeds(Command::new("xcode-select").arg("-p")) {
            return Ok(());
        }
        return fail("Apple's command line tools are missing. Install them with: xcode-select --install");
    }
    if cfg!(windows) {
        println!(
            "Windows: Weir needs the Visual Studio Build Tools (\"Desktop development with C++\") and the WebView2 runtime, \
             which Windows 10 and 11 bring along."
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_no_system_has_is_not_found() {
        assert!(!is_there(&Probe::Program("weir-no-such-program")));
        assert!(!is_there(&Probe::Library("weir-no-such-library")));
        assert!(!is_there(&Probe::PythonModule("weir_no_such_module")));
        assert!(!is_there(&Probe::FileBelowUsrLib("weir/no-such-file")));
    }

    #[test]
    fn the_shell_of_every_unix_is_found() {
        if cfg!(unix) {
            assert!(is_there(&Probe::Program("sh")));
        }
    }
}
