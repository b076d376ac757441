//! Losses of PowerShell and cmd: their own commands, and the programs of Windows.
//! Paths of Windows are judged by their words alone; programs of every system are the other families' work.

mod cmdlets;
mod params;
mod spot;
mod table;

use super::Context;
use super::files::report::{self, Loss};
use crate::model::command::{Command, Stdin};
use crate::model::finding::Finding;
use crate::model::target::{Reach, Target, TargetKind};
use crate::model::word::Word;
use crate::shell::powershell::{CMD, POWERSHELL, canonical_name, is_native};

use params::{Params, Spec};

/// Which language the words of a command are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    PowerShell,
    Cmd,
    /// Another: only programs that Windows alone has count.
    Other,
}

/// Reads one command.
#[derive(Debug)]
struct Reader<'a, 'c> {
    command: &'a Command,
    context: &'a Context<'c>,
    losses: Vec<Loss>,
    /// What the same would be in the language of this machine.
    here: Vec<Command>,
}

/// What this family says of a command.
#[derive(Debug, Default)]
pub struct Said {
    pub findings: Vec<Finding>,
    /// Commands of this machine's language that do the same; the other families judge them instead.
    pub instead: Vec<Command>,
    /// Set when the words mean nothing to the other families.
    pub owned: bool,
}

/// Returns what a command of Windows would lose.
pub fn read(command: &Command, context: &Context<'_>) -> Said {
    let Some(name) = command.words.first().and_then(Word::text) else {
        return Said::default();
    };
    let language = language(command);
    let mut reader = Reader {
        command,
        context,
        losses: Vec::new(),
        here: Vec::new(),
    };
    let owned = match language {
        Language::PowerShell => reader.powershell(&name),
        Language::Cmd => reader.cmd(&name),
        Language::Other => false,
    };
    if !owned || language == Language::Cmd {
        reader.program(&name);
    }
    Said {
        findings: report::of(reader.losses, command, context),
        instead: reader.here,
        owned,
    }
}

fn language(command: &Command) -> Language {
    for wrapper in command.via.iter().rev() {
        match wrapper.name.as_str() {
            POWERSHELL => return Language::PowerShell,
            CMD => return Language::Cmd,
            "Start-Process" => {}
            _ => return Language::Other,
        }
    }
    Language::Other
}

/// Returns a target that nothing here can reach.
fn target_named(name: &str) -> Target {
    Target {
        kind: TargetKind::Resource,
        locator: name.to_owned(),
        object: None,
        reach: Reach::Unreachable("it belongs to another system".to_owned()),
    }
}

const SQLCMD: Spec = Spec {
    switches: &[
        "encryptconnection",
        "trustservercertificate",
        "disablevariables",
        "outputsqlerrors",
    ],
    valued: &[
        "query",
        "inputfile",
        "serverinstance",
        "database",
        "username",
        "password",
        "credential",
        "querytimeout",
        "connectionstring",
        "hostname",
        "variable",
        "outputas",
    ],
    lists: &[],
};

const REQUEST: Spec = Spec {
    switches: &[
        "usebasicparsing",
        "usedefaultcredentials",
        "skipcertificatecheck",
    ],
    valued: &[
        "method",
        "custommethod",
        "uri",
        "body",
        "headers",
        "contenttype",
        "outfile",
        "token",
        "authentication",
        "timeoutsec",
        "credential",
        "websession",
        "sessionvariable",
        "form",
        "infile",
        "useragent",
    ],
    lists: &[],
};

const ANY: Spec = Spec {
    switches: &[
        "force",
        "turnoff",
        "replacedatabase",
        "withreplace",
        "asjob",
        "removedata",
        "removeoem",
    ],
    valued: &[
        "name",
        "id",
        "identity",
        "driveletter",
        "number",
        "disknumber",
        "partitionnumber",
        "filesystem",
        "vmname",
        "computername",
        "resourcegroupname",
        "serverinstance",
        "database",
        "bucketname",
        "key",
        "logname",
        "taskname",
        "tablename",
        "friendlyname",
        "path",
        "dbinstanceidentifier",
    ],
    lists: &[],
};

impl Reader<'_, '_> {
    fn powershell(&mut self, name: &str) -> bool {
        if name.starts_with(['[', '.']) && !name.contains(['/', '\\']) {
            if !self.carries_sql(name) {
                self.method(name);
            }
            return true;
        }
        match canonical_name(name) {
            "Remove-Item" => self.remove_item(),
            "Clear-Content" => self.cleared(),
            "ForEach-Object" => self.member(),
            "Set-Content" | "Out-File" | "Tee-Object" | "Export-Csv" => self.content(false),
            "Add-Content" => self.content(true),
            "Move-Item" | "Rename-Item" => self.transfer("mv"),
            "Copy-Item" => self.transfer("cp"),
            "New-Item" if !matches!(name.to_ascii_lowercase().as_str(), "mkdir" | "md") => {
                self.made_anew();
            }
            "Clear-Item" | "Clear-ItemProperty" | "Remove-ItemProperty" => self.property(),
            "Invoke-RestMethod" | "Invoke-WebRequest" if !matches!(name, "curl" | "wget") => {
                self.request()
            }
            "Invoke-Sqlcmd" => self.sqlcmd(),
            _ if name.eq_ignore_ascii_case("Invoke-DbaQuery") => self.sqlcmd(),
            _ => self.listed(name),
        }
        self.redirected();
        is_native(name)
    }

    /// `ForEach-Object Delete`, `% -MemberName Delete -ArgumentList $true`: a method by its name.
    fn member(&mut self) {
        let is_name = |word: &&Word| !word.prefix().starts_with('-');
        let mut words = self.command.args().iter().filter(is_name).cloned();
        let name = words.next().map(|word| word.shown()).unwrap_or_default();
        let name = name.trim_end_matches("()").to_ascii_lowercase();
        if matches!(name.as_str(), "delete" | "deletetree" | "deletesubkeytree") {
            let given: Vec<Word> = words.collect();
            self.object_method(&given);
        }
    }

    fn cmd(&mut self, name: &str) -> bool {
        match cmdlets::base(name).as_str() {
            "rd" | "rmdir" | "del" | "erase" => self.cmd_remove(),
            "copy" | "move" => self.cmd_copy(),
            _ => {}
        }
        self.redirected();
        let base = cmdlets::base(name);
        is_native(&base) && !base.contains('-') && base != "sc"
    }

    /// A redirection to a path of Windows; one to a path of this machine is the family `writes`.
    fn redirected(&mut self) {
        let writes = self.command.writes.clone();
        for write in &writes {
            self.kept(&write.file, write.content.clone());
            if write.mode == crate::model::command::WriteMode::Append {
                continue;
            }
            if let spot::Spot::Windows { text, shown } =
                spot::spot(&write.file, false, self.context)
            {
                self.losses
                    .extend(spot::overwritten(&text, &shown, self.context));
            }
        }
    }

    /// A cmdlet that loses data by what it is.
    fn listed(&mut self, name: &str) {
        let Some(row) = table::cmdlet(name) else {
            return;
        };
        let params = Params::read(self.command.args(), &ANY);
        let met = row.needs.is_empty() || row.needs.iter().any(|need| params.has(need));
        if params.is_rehearsal() || !met {
            return;
        }
        let named = params
            .operands
            .first()
            .cloned()
            .or_else(|| params.values(ANY.valued).first().map(|&word| word.clone()));
        let target = named.map_or_else(|| name.to_owned(), |word| word.shown());
        self.losses.push(Loss::new(row.rule, target_named(&target)));
    }

    /// A program of Windows, whatever starts it.
    fn program(&mut self, name: &str) {
        let base = cmdlets::base(name);
        let base = base
            .strip_suffix(".exe")
            .or(base.strip_suffix(".com"))
            .unwrap_or(&base);
        let args: Vec<String> = self
            .command
            .args()
            .iter()
            .map(|word| word.shown().to_lowercase())
            .collect();
        // The pack of backup tools has these two, as they are usually written.
        let first = self.command.args().first().map(Word::shown);
        if matches!(name, "vssadmin" | "wbadmin") && first.as_deref() == Some("delete") {
            return;
        }
        let rule = match base {
            "robocopy" => return self.robocopy(&args),
            "xcopy" => return self.cmd_copy(),
            "diskpart" => self.diskpart(&args),
            _ => table::program(base, &args),
        };
        if let Some(rule) = rule {
            let what = args.iter().find(|arg| {
                !arg.starts_with(['/', '-']) && !matches!(arg.as_str(), "delete" | "user")
            });
            let target = what.map_or(base, String::as_str);
            self.losses.push(Loss::new(rule, target_named(target)));
        }
    }

    fn robocopy(&mut self, args: &[String]) {
        let has = |word: &str| args.iter().any(|arg| arg == word);
        if has("/l") || has("/?") || !(has("/mir") || has("/purge")) {
            return;
        }
        let operands: Vec<&Word> = self
            .command
            .args()
            .iter()
            .filter(|word| !word.prefix().starts_with('/'))
            .collect();
        let Some(&to) = operands.get(1) else { return };
        let loss = match spot::spot(to, true, self.context) {
            spot::Spot::Windows { text, shown } => {
                let how = spot::Reachout {
                    recursive: true,
                    narrowed: true,
                };
                spot::removed(&text, &shown, how, self.context)
            }
            _ => None,
        };
        self.losses.extend(loss.map(|mut loss| {
            loss.rule = "windows.mirror";
            loss
        }));
    }

    /// diskpart reads its commands from a script or from its input.
    fn diskpart(&self, args: &[String]) -> Option<&'static str> {
        const LOSES: [&str; 6] = ["clean", "format", "delete", "convert", "create", "remove"];
        let loses = |text: &str| {
            let lower = text.to_lowercase();
            lower
                .split(|c: char| !c.is_ascii_alphabetic())
                .any(|word| LOSES.contains(&word))
        };
        let unknown = match &self.command.stdin {
            Stdin::Text(word) => word.has_hole() || loses(&word.shown()),
            Stdin::File(_) | Stdin::Opaque { .. } => true,
            Stdin::Inherited | Stdin::Null => args.iter().any(|arg| arg == "/s"),
        };
        unknown.then_some("windows.disk")
    }

    /// `Invoke-Sqlcmd` is sqlcmd with names for its options.
    fn sqlcmd(&mut self) {
        let params = Params::read(self.command.args(), &SQLCMD);
        let origin = self.command.origin.clone();
        let mut words = Vec::new();
        for (option, names) in [
            ("-S", &["serverinstance"][..]),
            ("-d", &["database"][..]),
            ("-Q", &["query"][..]),
            ("-i", &["inputfile"][..]),
        ] {
            for value in params.values(names) {
                words.push(Word::literal(option, origin.clone()));
                words.push(value.clone());
            }
        }
        if let Some(query) = params
            .operands
            .first()
            .filter(|_| params.values(&["query"]).is_empty())
        {
            words.push(Word::literal("-Q", origin.clone()));
            words.push(query.clone());
        }
        self.start(&["sqlcmd"], words);
    }

    /// A request is curl with names for its options.
    fn request(&mut self) {
        let params = Params::read(self.command.args(), &REQUEST);
        if let Some(&file) = params.values(&["outfile"]).first() {
            self.written_over(&file.clone());
        }
        let Some(method) = params
            .text("method")
            .or_else(|| params.text("custommethod"))
        else {
            return;
        };
        let origin = self.command.origin.clone();
        let mut words = vec![
            Word::literal("-X", origin.clone()),
            Word::literal(method.to_ascii_uppercase(), origin.clone()),
        ];
        if let Some(body) = params.values(&["body"]).first() {
            words.push(Word::literal("-d", origin));
            words.push((*body).clone());
        }
        words.extend(params.values(&["uri"]).into_iter().cloned());
        words.extend(params.operands.iter().cloned());
        self.start(&["curl"], words);
    }
}
