//! Aliases of cmdlets and the one name behind them.
//! Which cmdlets lose data is not known here.

/// Alias in lower case, and the cmdlet; sorted.
const ALIASES: &[(&str, &str)] = &[
    ("%", "ForEach-Object"),
    ("?", "Where-Object"),
    ("ac", "Add-Content"),
    ("cat", "Get-Content"),
    ("cd", "Set-Location"),
    ("chdir", "Set-Location"),
    ("clc", "Clear-Content"),
    ("cli", "Clear-Item"),
    ("clp", "Clear-ItemProperty"),
    ("copy", "Copy-Item"),
    ("cp", "Copy-Item"),
    ("cpi", "Copy-Item"),
    ("curl", "Invoke-WebRequest"),
    ("del", "Remove-Item"),
    ("dir", "Get-ChildItem"),
    ("echo", "Write-Output"),
    ("epcsv", "Export-Csv"),
    ("erase", "Remove-Item"),
    ("foreach", "ForEach-Object"),
    ("gc", "Get-Content"),
    ("gci", "Get-ChildItem"),
    ("gi", "Get-Item"),
    ("gl", "Get-Location"),
    ("gp", "Get-ItemProperty"),
    ("gps", "Get-Process"),
    ("gsv", "Get-Service"),
    ("gwmi", "Get-WmiObject"),
    ("icm", "Invoke-Command"),
    ("iex", "Invoke-Expression"),
    ("ii", "Invoke-Item"),
    ("irm", "Invoke-RestMethod"),
    ("iwmi", "Invoke-WmiMethod"),
    ("iwr", "Invoke-WebRequest"),
    ("kill", "Stop-Process"),
    ("ls", "Get-ChildItem"),
    ("md", "New-Item"),
    ("mi", "Move-Item"),
    ("mkdir", "New-Item"),
    ("move", "Move-Item"),
    ("mp", "Move-ItemProperty"),
    ("mv", "Move-Item"),
    ("ni", "New-Item"),
    ("popd", "Pop-Location"),
    ("ps", "Get-Process"),
    ("pushd", "Push-Location"),
    ("pwd", "Get-Location"),
    ("rd", "Remove-Item"),
    ("rdr", "Remove-PSDrive"),
    ("ren", "Rename-Item"),
    ("ri", "Remove-Item"),
    ("rm", "Remove-Item"),
    ("rmdir", "Remove-Item"),
    ("rni", "Rename-Item"),
    ("rnp", "Rename-ItemProperty"),
    ("rp", "Remove-ItemProperty"),
    ("rwmi", "Remove-WmiObject"),
    ("saps", "Start-Process"),
    ("sasv", "Start-Service"),
    ("sc", "Set-Content"),
    ("si", "Set-Item"),
    ("sl", "Set-Location"),
    ("sp", "Set-ItemProperty"),
    ("spps", "Stop-Process"),
    ("spsv", "Stop-Service"),
    ("start", "Start-Process"),
    ("tee", "Tee-Object"),
    ("type", "Get-Content"),
    ("wget", "Invoke-WebRequest"),
    ("where", "Where-Object"),
    ("write", "Write-Output"),
];

/// Cmdlets whose spelling is settled here when they are written in other case.
const CMDLETS: &[&str] = &[
    "Add-Content",
    "Clear-Content",
    "Clear-Disk",
    "Clear-Item",
    "Clear-ItemProperty",
    "Clear-RecycleBin",
    "Copy-Item",
    "Dismount-VHD",
    "ForEach-Object",
    "Format-Volume",
    "Get-ChildItem",
    "Get-Content",
    "Get-Item",
    "Initialize-Disk",
    "Invoke-Command",
    "Invoke-Expression",
    "Invoke-RestMethod",
    "Invoke-Sqlcmd",
    "Invoke-WebRequest",
    "Move-Item",
    "New-Item",
    "Out-File",
    "Pop-Location",
    "Push-Location",
    "Remove-Computer",
    "Remove-Item",
    "Remove-ItemProperty",
    "Remove-Partition",
    "Remove-PSDrive",
    "Remove-VM",
    "Remove-WmiObject",
    "Rename-Item",
    "Reset-ComputerMachinePassword",
    "Restart-Computer",
    "Set-Alias",
    "Set-Content",
    "Set-Item",
    "Set-ItemProperty",
    "Set-Location",
    "Start-Process",
    "Stop-Computer",
    "Stop-Process",
    "Stop-Service",
    "Tee-Object",
    "Where-Object",
    "Write-Host",
    "Write-Output",
];

/// Returns the cmdlet behind an alias, a cmdlet in its usual spelling, and any other name as it is.
pub fn canonical_name(name: &str) -> &str {
    let bare = name.rsplit('\\').next().unwrap_or(name);
    let lower = bare.to_ascii_lowercase();
    if let Ok(at) = ALIASES.binary_search_by(|(alias, _)| (*alias).cmp(lower.as_str())) {
        return ALIASES.get(at).map_or(name, |(_, cmdlet)| cmdlet);
    }
    CMDLETS
        .iter()
        .find(|cmdlet| cmdlet.eq_ignore_ascii_case(bare))
        .copied()
        .unwrap_or(name)
}

/// Verbs with which the names of cmdlets begin.
const VERBS: &[&str] = &[
    "add",
    "backup",
    "block",
    "checkpoint",
    "clear",
    "close",
    "compare",
    "compress",
    "connect",
    "convert",
    "convertfrom",
    "convertto",
    "copy",
    "debug",
    "disable",
    "disconnect",
    "dismount",
    "edit",
    "enable",
    "enter",
    "exit",
    "expand",
    "export",
    "find",
    "foreach",
    "format",
    "get",
    "grant",
    "group",
    "import",
    "initialize",
    "install",
    "invoke",
    "join",
    "limit",
    "lock",
    "measure",
    "merge",
    "mount",
    "move",
    "new",
    "open",
    "optimize",
    "out",
    "ping",
    "pop",
    "protect",
    "publish",
    "push",
    "read",
    "receive",
    "redo",
    "register",
    "remove",
    "rename",
    "repair",
    "request",
    "reset",
    "resize",
    "resolve",
    "restart",
    "restore",
    "resume",
    "revoke",
    "save",
    "search",
    "select",
    "send",
    "set",
    "show",
    "skip",
    "sort",
    "split",
    "start",
    "step",
    "stop",
    "submit",
    "suspend",
    "switch",
    "sync",
    "tee",
    "test",
    "trace",
    "unblock",
    "undo",
    "uninstall",
    "unlock",
    "unprotect",
    "unpublish",
    "unregister",
    "update",
    "use",
    "wait",
    "watch",
    "where",
    "write",
];

/// Commands that `cmd.exe` runs itself.
const OF_CMD: &[&str] = &[
    "assoc", "call", "cd", "chdir", "cls", "copy", "date", "del", "dir", "echo", "endlocal",
    "erase", "exit", "for", "ftype", "goto", "if", "md", "mkdir", "mklink", "move", "path",
    "pause", "popd", "prompt", "pushd", "rd", "rem", "ren", "rename", "rmdir", "set", "setlocal",
    "shift", "start", "time", "title", "type", "ver", "verify", "vol",
];

/// Tells whether PowerShell or cmd runs this itself, as a cmdlet, an alias, a method call or a command of its own.
pub fn is_native(name: &str) -> bool {
    if matches!(name.to_ascii_lowercase().as_str(), "curl" | "wget") {
        return false;
    }
    if name.starts_with(['[', '.']) && !name.contains(['/', '\\']) || canonical_name(name) != name {
        return true;
    }
    let lower = name.to_ascii_lowercase();
    let own = lower.split('/').next().unwrap_or_default();
    if OF_CMD.contains(&own) {
        return true;
    }
    lower
        .split_once('-')
        .is_some_and(|(verb, noun)| VERBS.contains(&verb) && !noun.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{ALIASES, canonical_name};

    #[test]
    fn the_table_is_sorted() {
        assert!(ALIASES.is_sorted_by_key(|(alias, _)| *alias));
    }

    #[test]
    fn every_way_to_say_remove_is_one_name() {
        for name in [
            "rm",
            "del",
            "RD",
            "ri",
            "rmdir",
            "Erase",
            "remove-item",
            "Microsoft.PowerShell.Management\\Remove-Item",
        ] {
            assert_eq!(canonical_name(name), "Remove-Item");
        }
        assert_eq!(canonical_name("gc"), "Get-Content");
        assert_eq!(canonical_name("psql"), "psql");
    }
}
