//! A real network between two machines that are none: two network namespaces and a pair of virtual Ethernet devices.
//!
//! The namespaces have no names and nothing of them is on this machine's own network, so tests in parallel cannot meet. Each
//! lives in a process that reads its standard input, and is gone with it: when this is dropped, and when the tests die.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The server's address.
pub const SERVER: &str = "10.77.0.1";
/// The desktop's address at first, and the one that it has after it moved.
const DESKTOP: &str = "10.77.0.2";
const DESKTOP_ELSEWHERE: &str = "10.77.0.3";
const MADE_WITHIN: Duration = Duration::from_secs(20);
/// A user that is not root, as whom the server runs. Postgres refuses to run as root.
const NOBODY: &str = "65534";
const WHAT_TO_DO: &str = "This test needs network namespaces. Run it as root with the capabilities SYS_ADMIN and NET_ADMIN \
    (docker run --privileged), or allow namespaces to users (sysctl -w kernel.unprivileged_userns_clone=1 \
    kernel.apparmor_restrict_unprivileged_userns=0, as far as they exist). It uses unshare and nsenter of util-linux and ip of \
    iproute2.";

/// Which end of the cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Server,
    Desktop,
}

/// Two machines and the cable between them.
pub struct Network {
    server: Machine,
    desktop: Machine,
}

/// A namespace, and the process that holds it.
struct Machine {
    holder: Child,
    is_of_a_user: bool,
}

impl Network {
    /// Makes both and connects them.
    ///
    /// # Panics
    /// When namespaces cannot be made here; the message says what to do.
    #[must_use]
    pub fn lay() -> Network {
        Network::try_lay().unwrap_or_else(|problem| panic!("{problem}\n{WHAT_TO_DO}"))
    }

    fn try_lay() -> Result<Network, String> {
        let is_of_a_user = !is_root();
        // Whoever is not root is it in a namespace of users, which the second machine shares.
        let first: &[&str] = if is_of_a_user {
            &["unshare", "--user", "--map-root-user", "--net"]
        } else {
            &["unshare", "--net"]
        };
        let server = Machine::hold(&words(first), is_of_a_user)?;
        let second = if is_of_a_user {
            let mut second = server.enter();
            second.extend(words(&["unshare", "--net"]));
            second
        } else {
            words(first)
        };
        let desktop = Machine::hold(&second, is_of_a_user)?;
        let network = Network { server, desktop };
        let far = network.desktop.holder.id().to_string();
        network.ip(
            End::Server,
            &[
                "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", &far,
            ],
        )?;
        network.address(End::Server, "add", SERVER)?;
        network.address(End::Desktop, "add", DESKTOP)?;
        for end in [End::Server, End::Desktop] {
            network.ip(end, &["link", "set", "lo", "up"])?;
            network.ip(end, &["link", "set", "cable", "up"])?;
        }
        Ok(network)
    }

    /// Pulls the cable out at this end, or puts it in. Packets on it are lost, and nobody is told.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn plug(&self, end: End, is_in: bool) {
        let state = if is_in { "up" } else { "down" };
        self.ip(end, &["link", "set", "cable", state])
            .unwrap_or_else(|problem| panic!("{problem}"));
    }

    /// The desktop goes over to another network, as with a VPN: nothing that was sent to its address before arrives any more.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn move_desktop(&self) {
        let moved = self
            .address(End::Desktop, "del", DESKTOP)
            .and_then(|()| self.address(End::Desktop, "add", DESKTOP_ELSEWHERE));
        moved.unwrap_or_else(|problem| panic!("{problem}"));
    }

    /// Loses all that this end sends, or no longer. What is sent to it arrives.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn lose_what_is_sent_by(&self, end: End, is_lost: bool) {
        let to = match end {
            End::Server => DESKTOP,
            End::Desktop => SERVER,
        };
        // Addressed to a device that is on no cable.
        let nowhere = [
            "neighbour",
            "replace",
            to,
            "lladdr",
            "02:00:00:00:00:99",
            "dev",
            "cable",
            "nud",
            "permanent",
        ];
        let forget = ["neighbour", "del", to, "dev", "cable"];
        self.ip(end, if is_lost { &nowhere } else { &forget })
            .unwrap_or_else(|problem| panic!("{problem}"));
    }

    /// The words before a command that runs on the desktop. The process that is started becomes that command.
    #[must_use]
    pub fn on_desktop(&self) -> Vec<String> {
        self.desktop.enter()
    }

    /// The words before a command that runs on the server, by a user without rights.
    #[must_use]
    pub fn on_server(&self) -> Vec<String> {
        let mut enter = self.server.enter();
        if self.server.is_of_a_user {
            // Its files belong to the user outside, and under another number they still do.
            let (user, group) = (format!("--map-user={NOBODY}"), format!("--map-group={NOBODY}"));
            enter.extend(words(&["unshare", "--user", &user, &group]));
        } else {
            enter.splice(1..1, words(&["--setuid", NOBODY, "--setgid", NOBODY]));
        }
        enter
    }

    fn address(&self, end: End, verb: &str, address: &str) -> Result<(), String> {
        self.ip(end, &["address", verb, &format!("{address}/24"), "dev", "cable"])
    }

    fn ip(&self, end: End, arguments: &[&str]) -> Result<(), String> {
        let enter = match end {
            End::Server => self.server.enter(),
            End::Desktop => self.desktop.enter(),
        };
        let output = Command::new(&enter[0])
            .args(&enter[1..])
            .arg("ip")
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|problem| format!("nsenter: {problem}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!(
            "ip {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        ))
    }
}

impl Machine {
    /// Starts the process behind these words, and waits until it has become the one that holds the namespace.
    fn hold(words: &[String], is_of_a_user: bool) -> Result<Machine, String> {
        let spawned = Command::new(&words[0])
            .args(&words[1..])
            .arg("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let holder = spawned.map_err(|problem| format!("{}: {problem}", words[0]))?;
        let mut machine = Machine { holder, is_of_a_user };
        let name = format!("/proc/{}/comm", machine.holder.id());
        let until = Instant::now() + MADE_WITHIN;
        while fs::read_to_string(&name).is_ok_and(|name| name.trim() != "cat") {
            let has_ended = machine.holder.try_wait().is_ok_and(|ended| ended.is_some());
            if has_ended || Instant::now() > until {
                return Err(format!(
                    "{} made no namespace: {}",
                    words.join(" "),
                    machine.said()
                ));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(machine)
    }

    /// Ends it, and gives what it said.
    fn said(&mut self) -> String {
        let _ = self.holder.kill();
        let mut said = String::new();
        if let Some(mut pipe) = self.holder.stderr.take() {
            let _ = std::io::Read::read_to_string(&mut pipe, &mut said);
        }
        said.trim().to_owned()
    }

    fn enter(&self) -> Vec<String> {
        let holder = self.holder.id().to_string();
        let mut enter = words(&["nsenter", "--target", &holder, "--net"]);
        if self.is_of_a_user {
            enter.extend(words(&["--user", "--preserve-credentials"]));
        }
        enter.push("--".to_owned());
        enter
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn is_root() -> bool {
    let own = fs::metadata(Path::new("/proc/self"));
    own.is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}
