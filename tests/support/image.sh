# Imports a PostgreSQL image that is made from this machine's own files; no registry is asked.
# $1: folder of the server's version (/usr/lib/postgresql/15), $2: a scratch folder. DOCKER_HOST names the engine.
set -e
P=$1; V=$(basename "$P"); R=$2/rootfs
mkdir -p $R/usr/bin $R/usr/sbin $R/usr/lib/locale $R/usr/lib64 $R/usr/share/postgresql $R/usr/share/zoneinfo $R/etc $R/tmp $R/run/postgresql $R/var/lib/postgresql/data
for d in bin sbin lib lib64; do ln -s usr/$d $R/$d; done; ln -s ../run $R/var/run
B="$P/bin/postgres $P/bin/initdb $P/bin/psql $P/bin/pg_dump $P/bin/pg_dumpall $P/bin/pg_restore $P/bin/pg_isready /bin/sh /bin/bash /bin/cat /bin/tar /bin/grep /bin/sleep /bin/true /usr/bin/zstd /usr/bin/env"
for f in $B $(ldd $B $P/lib/plpgsql.so | grep -o '/[^ :]*\.so[^ :]*' | sort -u); do mkdir -p $R$(dirname $f); [ -e $R$f ] || cp -L $f $R$f; done
cp -a $P/lib $R$P/; rm -rf $R$P/lib/bitcode $R$P/lib/pgxs $R$P/lib/llvmjit.so
cp -a /usr/share/postgresql/$V $R/usr/share/postgresql/; cp -a /usr/share/zoneinfo/UTC /usr/share/zoneinfo/Etc $R/usr/share/zoneinfo/; cp -a /usr/lib/locale/C.utf8 $R/usr/lib/locale/
for f in passwd group; do grep -E '^(root|postgres):' /etc/$f >$R/etc/$f; done; chmod 1777 $R/tmp; chown -R postgres: $R/var/lib/postgresql $R/run/postgresql
cat >$R/start.sh <<'S'
#!/bin/sh
[ -s $PGDATA/PG_VERSION ] || { initdb -D $PGDATA -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8; echo "host all all 0.0.0.0/0 ${HOST_AUTH:-trust}" >>$PGDATA/pg_hba.conf; }
exec postgres -D $PGDATA -c listen_addresses='*' -c fsync=off
S
chmod 755 $R/start.sh
tar -C $R -c . | docker import -c "ENV PATH=$P/bin:/usr/bin PGDATA=/var/lib/postgresql/data" -c 'USER postgres' -c 'CMD ["/start.sh"]' - pgtest:1
rm -rf $R
