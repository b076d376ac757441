//! Cmdlets and programs of Windows that lose data by what they are, with the rule each falls under.
//! Those that take paths are in `cmdlets`; nothing here reads a path.

/// A cmdlet, or all cmdlets that begin so when the name ends with `*`.
#[derive(Debug)]
pub struct Row {
    /// In lower case.
    pub name: &'static str,
    pub rule: &'static str,
    /// Switches of which one must be there; nothing means that the name is enough.
    pub needs: &'static [&'static str],
}

const fn row(name: &'static str, rule: &'static str) -> Row {
    Row {
        name,
        rule,
        needs: &[],
    }
}

const fn when(name: &'static str, needs: &'static [&'static str], rule: &'static str) -> Row {
    Row { name, rule, needs }
}

const DISK: &str = "windows.disk";
const RESTORE: &str = "windows.restore-points";
const MACHINE: &str = "windows.virtual-machine";
const ACCOUNT: &str = "windows.account";
const DATABASE: &str = "windows.database";
const CLOUD: &str = "windows.cloud";
const SERVICE: &str = "windows.service-data";

/// Every cmdlet of this kind.
const ROWS: &[Row] = &[
    row("format-volume", DISK),
    row("clear-disk", DISK),
    row("initialize-disk", DISK),
    row("remove-partition", DISK),
    row("remove-virtualdisk", DISK),
    row("remove-storagepool", DISK),
    row("remove-volume", DISK),
    row("reset-physicaldisk", DISK),
    row("clear-storagediagnosticinfo", "windows.event-log"),
    row("clear-pmemdisk", DISK),
    row("remove-pmemdisk", DISK),
    row("disable-computerrestore", RESTORE),
    row("remove-ciminstance", SERVICE),
    row("remove-wmiobject", SERVICE),
    row("remove-wbpolicy", RESTORE),
    row("remove-wbbackuptarget", RESTORE),
    row("remove-wbcatalog", RESTORE),
    row("clear-recyclebin", "windows.recycle-bin"),
    row("clear-eventlog", "windows.event-log"),
    row("remove-eventlog", "windows.event-log"),
    row("remove-vm", MACHINE),
    row("remove-vmsnapshot", MACHINE),
    row("remove-vmcheckpoint", MACHINE),
    row("restore-vmsnapshot", MACHINE),
    row("restore-vmcheckpoint", MACHINE),
    row("remove-vmsavedstate", MACHINE),
    row("remove-vmgroup", MACHINE),
    row("remove-vhdsnapshot", MACHINE),
    when("stop-vm", &["turnoff"], MACHINE),
    row("remove-scvirtualmachine", MACHINE),
    row("remove-computer", ACCOUNT),
    row("remove-localuser", ACCOUNT),
    row("remove-aduser", ACCOUNT),
    row("remove-adobject", ACCOUNT),
    row("remove-adgroup", ACCOUNT),
    row("remove-adcomputer", ACCOUNT),
    row("remove-adorganizationalunit", ACCOUNT),
    row("remove-adserviceaccount", ACCOUNT),
    row("uninstall-addsdomaincontroller", ACCOUNT),
    row("remove-mguser", ACCOUNT),
    row("remove-mggroup", ACCOUNT),
    row("remove-azureaduser", ACCOUNT),
    row("remove-msoluser", ACCOUNT),
    row("remove-sqldatabase", DATABASE),
    row("remove-dbadatabase*", DATABASE),
    row("remove-dbadb*", DATABASE),
    row("remove-dbabackup", DATABASE),
    row("clear-msmqqueue", SERVICE),
    when("restore-sqldatabase", &["replacedatabase"], DATABASE),
    when("restore-dbadatabase", &["withreplace"], DATABASE),
    row("remove-smoobject", DATABASE),
    row("remove-mailbox*", SERVICE),
    when("new-compliancesearchaction", &["purge"], SERVICE),
    when("search-mailbox", &["deletecontent"], SERVICE),
    row("disable-mailbox", SERVICE),
    row("remove-spsite", SERVICE),
    row("remove-spweb", SERVICE),
    row("remove-splist", SERVICE),
    row("remove-pnplist*", SERVICE),
    row("remove-pnpfile", SERVICE),
    row("remove-pnpfolder", SERVICE),
    row("remove-pnptenantsite", SERVICE),
    row("remove-dnsserverzone", SERVICE),
    row("remove-dnsserverresourcerecord", SERVICE),
    row("remove-dhcpserverv4scope", SERVICE),
    row("remove-cluster", SERVICE),
    row("remove-clusterresource", SERVICE),
    row("remove-clustersharedvolume", SERVICE),
    row("remove-dfsnroot", SERVICE),
    row("remove-dfsreplicationgroup", SERVICE),
    row("remove-webapplication", SERVICE),
    row("remove-website", SERVICE),
    row("remove-iissite", SERVICE),
    row("remove-team", SERVICE),
    row("remove-secret", SERVICE),
    row("unregister-secretvault", SERVICE),
    row("unregister-scheduledtask", "windows.task"),
    row("remove-azresourcegroup", CLOUD),
    row("remove-azresource", CLOUD),
    row("remove-azsql*", CLOUD),
    row("remove-azstorage*", CLOUD),
    row("remove-azdatalake*", CLOUD),
    row("remove-azcosmosdb*", CLOUD),
    row("remove-azkeyvault*", CLOUD),
    row("remove-azvm", CLOUD),
    row("remove-azvmss", CLOUD),
    row("remove-azdisk", CLOUD),
    row("remove-azsnapshot", CLOUD),
    row("remove-azwebapp*", CLOUD),
    row("remove-azfunctionapp", CLOUD),
    row("remove-azaks*", CLOUD),
    row("remove-azpostgresql*", CLOUD),
    row("remove-azmysql*", CLOUD),
    row("remove-azmariadb*", CLOUD),
    row("remove-azrediscache", CLOUD),
    row("remove-azrecoveryservices*", CLOUD),
    row("remove-azcontainer*", CLOUD),
    row("remove-azdns*", CLOUD),
    row("remove-azservicebus*", CLOUD),
    row("remove-azeventhub*", CLOUD),
    row("remove-azadapplication", CLOUD),
    row("remove-azaduser", CLOUD),
    row("remove-s3bucket", CLOUD),
    row("remove-s3object*", CLOUD),
    row("remove-rdsdb*", CLOUD),
    row("remove-ddbtable", CLOUD),
    row("remove-ddbitem", CLOUD),
    row("remove-ec2instance", CLOUD),
    row("remove-ec2volume", CLOUD),
    row("remove-ec2snapshot", CLOUD),
    row("remove-cfnstack", CLOUD),
    row("remove-secsecret", CLOUD),
    row("remove-efsfilesystem", CLOUD),
    row("remove-ekscluster", CLOUD),
    row("remove-ecrrepository", CLOUD),
    row("remove-lmfunction", CLOUD),
    row("remove-r53hostedzone", CLOUD),
    row("remove-gcsbucket", CLOUD),
    row("remove-gcsobject", CLOUD),
    row("remove-gcsqlinstance", CLOUD),
    row("remove-gcedisk", CLOUD),
    row("remove-gceinstance", CLOUD),
];

/// Returns the row of a cmdlet.
pub fn cmdlet(name: &str) -> Option<&'static Row> {
    let lower = name.to_ascii_lowercase();
    ROWS.iter().find(|row| match row.name.strip_suffix('*') {
        Some(start) => lower.starts_with(start),
        None => lower == row.name,
    })
}

/// Returns the rule of a program of Windows, with what it takes away; `args` are in lower case.
pub fn program(name: &str, args: &[String]) -> Option<&'static str> {
    let has = |word: &str| args.iter().any(|arg| arg == word);
    let at = |index: usize| args.get(index).map_or("", String::as_str);
    if has("/?") || has("-?") {
        return None;
    }
    match name {
        "format" => is_drive(at(0)).then_some(DISK),
        "vssadmin" => match (at(0), at(1)) {
            ("delete", "shadows") | ("resize", "shadowstorage") => Some(RESTORE),
            _ => None,
        },
        "diskshadow" => has("/s").then_some(RESTORE),
        "wbadmin" => (at(0) == "delete").then_some(RESTORE),
        "wmic" => {
            let shadow = has("shadowcopy") && has("delete");
            shadow.then_some(RESTORE)
        }
        "bcdedit" => {
            let off = has("recoveryenabled") && has("no");
            (off || has("/delete") || has("/deletevalue") || has("/import")).then_some(RESTORE)
        }
        "cipher" => args
            .iter()
            .any(|arg| arg.starts_with("/w"))
            .then_some("windows.wipe-free"),
        "reg" => (at(0) == "delete").then_some("windows.registry"),
        "wsl" => has("--unregister").then_some(MACHINE),
        "wslconfig" => (has("/u") || has("/unregister")).then_some(MACHINE),
        "schtasks" => has("/delete").then_some("windows.task"),
        "net" | "net1" => (matches!(at(0), "user" | "localgroup" | "group" | "computer")
            && args.iter().any(|arg| arg.starts_with("/del")))
        .then_some(ACCOUNT),
        "dsrm" => (!args.is_empty()).then_some(ACCOUNT),
        "fsutil" => (at(0) == "usn" && at(1) == "deletejournal").then_some("windows.event-log"),
        "sdelete" | "sdelete64" => (!args.is_empty()).then_some("windows.remove-tree"),
        _ => None,
    }
}

/// Tells whether a word is a drive (`X:`).
pub fn is_drive(text: &str) -> bool {
    let mut letters = text.chars();
    let letter = letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '%');
    letter && (text.len() == 2 || text.starts_with('%')) && text.ends_with([':', '%'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cmdlets_are_found_in_any_case_and_by_the_start_of_a_family() {
        assert!(cmdlet("Clear-Disk").is_some());
        assert!(cmdlet("remove-AzSqlDatabase").is_some());
        for name in [
            "Get-Disk",
            "Remove-Variable",
            "Remove-Module",
            "Remove-Job",
            "Format-Table",
            "Remove-AzTag",
        ] {
            assert!(cmdlet(name).is_none(), "{name}");
        }
    }

    #[test]
    fn programs_count_by_their_subcommand() {
        let rule = |line: &str| {
            let mut words = line.split(' ').map(str::to_owned);
            let name = words.next().unwrap();
            program(&name, &words.collect::<Vec<_>>())
        };
        assert_eq!(rule("format d: /q"), Some(DISK));
        assert_eq!(rule("format --check src"), None);
        assert_eq!(rule("vssadmin delete shadows /all"), Some(RESTORE));
        assert_eq!(rule("vssadmin list shadows"), None);
        assert_eq!(rule("reg query hklm\\software"), None);
        assert_eq!(rule("wsl --list"), None);
    }
}
