"""The options of the programs known here, as tables for :mod:`imgtool.facts.argv`.

Sources: each program's ``--help`` and manual page (apt 2.6, dnf 4.14, zypper 1.14, apk-tools 2.14, pip 26, uv 0.9,
conda 24, micromamba 2, poetry 2, pipenv 2025, pdm 2, npm 9 and 11, yarn 1.22, pnpm 10, gem 3.3, go 1.19, cargo 1.9x,
git 2.39, curl 7.88, wget 1.21). An option's first spelling is what code asks for; one without dashes names a meaning
that several programs spell differently.
"""

from __future__ import annotations

APT = """
yes --yes -y --assume-yes, quiet --quiet -q =?, download-only --download-only -d, release --target-release --default-release -t =
--option -o =, --config-file -c =, --host-architecture -a =, --build-profiles -P =, --with-source =, --error-on -e =
--assume-no, --no-install-recommends, --install-recommends, --install-suggests, --no-install-suggests, --fix-broken -f
--ignore-missing --fix-missing -m, --no-download, --simulate --just-print --dry-run --recon --no-act -s
--no-show-upgraded, --show-upgraded -u, --verbose-versions -V, --compile --build -b, --ignore-hold, --with-new-pkgs, --no-upgrade
--only-upgrade, --allow-downgrades, --allow-remove-essential, --allow-change-held-packages, --force-yes
--print-uris, --purge, --reinstall, --list-cleanup, --no-list-cleanup, --trivial-only, --mark-auto, --no-remove
--auto-remove --autoremove, --no-auto-remove, --only-source, --diff-only, --dsc-only, --tar-only, --arch-only, --indep-only
--allow-unauthenticated, --no-allow-insecure-repositories, --allow-insecure-repositories, --allow-releaseinfo-change
--show-progress, --solver =, --planner =, --audit, --no-strict-pinning, --update -U, --help -h, --version -v
"""
APTITUDE = """
yes --assume-yes -y, quiet --quiet -q =?, download-only --download-only -d, release --target-release --default-release -t =
--option -o =, -F --display-format =, -O --sort =, -w --width =, -S =, -s --simulate, -P --prompt, -f --fix-broken
-V --show-versions, -D --show-deps, -Z, -v --verbose, -u, -i, -r --with-recommends, no-recommends -R --without-recommends
--no-gui, --purge-unused, --schedule-only, --add-user-tag =, --remove-user-tag =, --allow-untrusted, -h --help
"""
DPKG = """
--install -i, --unpack, --configure, --remove -r, --purge -P, --list -l, --listfiles -L, --status -s, --search -S
--get-selections, --set-selections, --clear-selections, --print-architecture, --print-foreign-architectures
--add-architecture, --remove-architecture, --extract -x, --vextract -X, --control -e, --contents -c, --info -I, --field -f
--build -b, --verify -V, --audit -C, --compare-versions, --force =?, --force-all, --force-confnew, --force-confold, --force-confdef, --force-confmiss, --force-depends
--force-overwrite, --force-architecture, --force-downgrade, --force-bad-path, --force-unsafe-io, --force-not-root, --no-force =?, --refuse =?
--recursive -R, --admindir =, --root =, --instdir =, --path-exclude =, --path-include =, --skip-same-version -E
--selected-only -O, --refuse-downgrade -G, --auto-deconfigure -B, --triggers-only, --no-triggers, --simulate --dry-run --no-act
-D =, --debug =, --log =, --status-fd =, --status-logger =, --ignore-depends =, --abort-after =, -a --pending, --pre-invoke =
--post-invoke =, -p --print-avail, -W --show, -y, -h --help, --version
"""
APK = """
root --root -p =, --repository -X =, --quiet -q, --verbose -v, --interactive -i, --version -V, --force -f
--force-binary-stdout, --force-broken-world, --force-non-repository, --force-old-apk, --force-overwrite, --force-refresh
--force-missing-repositories, --update-cache -U, --progress, --progress-fd =, --no-progress, --purge, --allow-untrusted
--wait =, --keys-dir =, --repositories-file =, --no-network, no-cache --no-cache, --cache-dir =, --cache-max-age =, --arch =
--print-arch, --timeout =, --no-interactive, --preserve-env, --sync =, --cache-packages =?, --cache-predownload =?, --timestamp =
virtual --virtual -t =, upgrade --upgrade -u, --latest -l, --initdb, --no-chown, --usermode, --available -a, --simulate -s
--no-scripts, --no-commit-hooks, --overlay-from-stdin, --clean-protected, --no-logfile, --rdepends -r, --recursive -R
output --output -o =, --stdout, --link -L, --prune, --no-self-upgrade, --self-upgrade-only, --ignore, --help -h
"""
DNF = """
yes --assumeyes -y --yes, root --installroot =, download-only --downloadonly --download-only, output --destdir --downloaddir =
--config -c =, --quiet -q, --verbose -v, --version, --nodocs --no-docs, --noplugins, --enableplugin =, --disableplugin =
--releasever =, --setopt =, --skip-broken, --skip-unavailable, --allowerasing, --best -b, --nobest --no-best, --cacheonly -C
--randomwait -R =, --debuglevel -d =, --debugsolver, --showduplicates, --errorlevel -e =, --obsoletes, --rpmverbosity =
--assumeno, --enablerepo --enable-repo =, --disablerepo --disable-repo =, --repo --repoid =, --enable, --disable
--exclude --excludepkgs -x =, --disableexcludes --disableexcludepkgs =, --repofrompath =, --noautoremove
--nogpgcheck --no-gpgchecks --no-gpg-checks, --color =, --refresh, -4, -6, --comment =, --bugfix, --enhancement, --newpackage
--security, --sec-severity --secseverity =, --advisory --advisories =, --bz --bzs =, --cve --cves =, --forcearch =
--nobest, --skip-if-unavailable, --plugins, --arch --archlist =, --resolve, --alldeps, --url --urls, --source, --with-optional
--allow-downgrade, --no-allow-downgrade, --from-repo =, --noroot, --define -D =, --add-repo =, --from-vendor =, --help -h, --help-cmd
--justdb, --noscripts, --reposdir =, --testonly, --rpmverbosity =, --snapshottime =, --refresh
"""
ZYPPER = """
yes --non-interactive -n, --config -c =, --userdata =, --quiet -q, --verbose -v, --color, --no-color, --no-abbrev -A
--table-style -s =, --non-interactive-include-reboot-patches, --xmlout -x, --ignore-unknown -i, --terse -t, --reposd-dir -D =
--cache-dir -C =, --raw-cache-dir =, --solv-cache-dir =, --pkg-cache-dir =, --no-gpg-checks, --gpgcheck-strict
--gpg-auto-import-keys, --plus-repo -p =, --plus-content =, --disable-repositories, --no-refresh, --no-cd, --no-remote
--releasever =, root --root --installroot -R =, --disable-system-resolvables, --promptids, --help -h, --version -V
"""
ZYPPER_VERB = """
yes --no-confirm -y, download-only --download-only -d, type --type -t =, --repo -r =, --from =, --name -n, --capability -C
--force -f, --oldpackage, --auto-agree-with-licenses --agree-to-third-party-licenses -l, --auto-agree-with-product-licenses
--no-recommends, --recommends, --replacefiles, --download =, --download-in-advance, --download-as-needed, --download-in-heaps
--debug-solver, --force-resolution -R, --no-force-resolution, --solver-focus =, --dry-run -D, --details, --allow-unsigned-rpm
--allow-downgrade, --no-allow-downgrade, --allow-name-change, --no-allow-name-change, --allow-arch-change
--no-allow-arch-change, --allow-vendor-change, --no-allow-vendor-change, --clean-deps -u, --no-clean-deps -U
--best-effort, --with-interactive, --skip-interactive, --with-optional, --without-optional, --with-update
--all -a, --metadata -m, --raw-metadata -M, --force-build -b, --force-download -B, --build-only, --services -s
--entry-point -e, --non-interactive, --gpg-auto-import-keys, --check -c, --no-check, --refresh, --priority -p =, --keep-packages -k
--no-gpgcheck -G, --gpgcheck -g, --disable, --enable, --date =, --category =, --bugzilla =, --cve =, --updatestack-only
"""
PIP = """
requirement --requirement -r =, constraint --constraint -c =, editable --editable -e =, target --target -t =, target --prefix =
target --root =, user --user, upgrade --upgrade -U, no-cache --no-cache-dir, index --index-url --pypi-url -i =
extra-index --extra-index-url =, find-links --find-links -f =, group --group =, output --dest --destination-dir -d =
output --wheel-dir -w =, --build-constraint =, --requirements-from-script =, --no-deps --no-dependencies, --only-deps, --dry-run
--platform =, --python-version =, --implementation =, --abi =, --src --source --source-dir --source-directory =, --upgrade-strategy =
--force-reinstall, --ignore-installed -I, --ignore-requires-python, --no-build-isolation, --check-build-dependencies
--break-system-packages, --config-settings --config-setting -C =, --compile, --no-compile, --no-warn-script-location
--no-warn-conflicts, --require-hashes, --no-require-hashes, --progress-bar =, --root-user-action =, --report =, --no-clean
--pre, --all-releases =, --only-final =, --no-binary =, --only-binary =, --prefer-binary, --no-index, --refresh-package =
--uploaded-prior-to =, --no-verify, --use-pep517, --no-use-pep517, --install-option =, --global-option =, --build-option =
--egg, --process-dependency-links, --build --build-dir --build-directory -b =, --no-clean, --log-file =
yes --yes -y, --debug, --isolated, --require-virtualenv --require-venv, --python =, --verbose -v, --quiet -q, --log =
--no-input, --keyring-provider =, --proxy =, --no-proxy-env, --retries =, --timeout --default-timeout =, --exists-action =
--trusted-host =, --cert =, --client-cert =, --cache-dir =, --disable-pip-version-check, --no-color, --no-python-version-warning
--use-feature =, --use-deprecated =, --resume-retries =, --help -h, --version -V
"""
UV = """
extra-name --extra =, --all-extras, --no-extra =, --no-dev, --only-dev, --dev, group --group =, --no-group =, --no-default-groups
group --only-group =, --all-groups, --no-editable, --no-editable-package =, --exact, --inexact, --env-file =, --no-env-file
--isolated, --active, --no-sync, --locked, --frozen, --all-packages, --package =, --no-project
--python-platform =, --python-version =, index --default-index =, index --index-url -i =, extra-index --index =
extra-index --extra-index-url =, find-links --find-links -f =, --no-index, --index-strategy =, --keyring-provider =
upgrade --upgrade -U, --upgrade-package -P =, --upgrade-group =, --resolution =, --prerelease =, --prerelease-package =, --pre
--fork-strategy =, --exclude-newer =, --exclude-newer-package =, --no-sources, --no-sources-package =
--reinstall --force-reinstall, --reinstall-package =, --link-mode =, --compile-bytecode --compile, --no-compile-bytecode --no-compile
--config-setting --config-settings -C =, --config-settings-package =, --no-build-isolation, --build-isolation
--no-build-isolation-package =, --no-build, --build, --no-build-package =, --binary, --no-binary-package =
--require-build-hashes, --no-require-build-hashes, no-cache --no-cache --no-cache-dir -n, --cache-dir =
--refresh, --refresh-package =, --python -p =, --managed-python, --no-managed-python, --no-python-downloads
--allow-python-downloads, --python-preference =, --python-fetch =
--quiet -q, --verbose -v, --color =, --system-certs --native-tls, --no-native-tls, --offline, --no-offline
--allow-insecure-host --trusted-host =, --no-progress, --preview, --no-preview, --preview-features =, --show-settings
--directory =, --project =, --config-file =, --no-config, --help -h, --version -V
"""
UV_PROJECT = (
    UV
    + """
--no-binary, --no-install-project, --no-install-workspace, --no-install-local, --no-install-package =, --script =, --check
--dry-run, --output-format =, requirement --requirements --requirement -r =, constraint --constraints --constraint -c =
--marker -m =, --optional =, --editable, --raw --raw-sources, --bounds =, --rev =, --tag =, --branch =, --lfs, --workspace, --no-workspace
--virtual, --python-downloads =
"""
)
UV_RUN = (
    UV
    + """
--no-binary, --module -m, with --with -w =, editable --with-editable =, requirement --with-requirements =, --script -s, --gui-script
"""
)
UV_PIP = (
    UV
    + """
requirement --requirements --requirement -r =, editable --editable -e =, constraint --constraints --constraint -c =
--overrides --override =, --excludes =, --build-constraints --build-constraint -b =, --cert =, --no-deps --no-dependencies
--require-hashes, --no-verify-hashes, --verify-hashes, system --system, --no-system, --break-system-packages
--no-break-system-packages, target --target -t =, target --prefix =, --no-binary =, --only-binary =, --strict, --dry-run, --check
--output-format =, --torch-backend =, user --user, --allow-empty-requirements, --no-allow-empty-requirements
output --output-file -o =, --generate-hashes, --no-header, --universal, --no-strip-extras, --no-strip-markers, --no-annotate
--disable-pip-version-check, yes --yes -y
"""
)
UV_TOOL = (
    UV
    + """
--no-binary, with --with -w =, requirement --with-requirements =, --editable -e, editable --with-editable =, --with-executables-from =
constraint --constraints --constraint -c =, --overrides --override =, --excludes =, --build-constraints -b =, --force
--lfs, --torch-backend =, from --from =
"""
)
UV_BUILD = (
    UV
    + "--sdist, --wheel, --list, output --out-dir -o =, --all, --force-pep517, --clear, --no-binary, --require-hashes"
)
UV_VENV = (
    UV
    + "--seed, --clear -c, --force, --allow-existing, --prompt =, --system-site-packages, --relocatable, --no-binary, system --system"
)
UV_PYTHON = """
target --install-dir -i =, --no-bin, --bin, --no-registry, --mirror =, --pypy-mirror =, --graalpy-mirror =, --pyodide-mirror =
--python-downloads-json-url =, --reinstall -r, --force -f, upgrade --upgrade -U, --default, --compile-bytecode
no-cache --no-cache --no-cache-dir -n, --cache-dir =, --managed-python, --no-managed-python, --no-python-downloads
--python-preference =, --quiet -q, --verbose -v, --color =, --system-certs --native-tls, --offline, --preview, --no-progress
--allow-insecure-host --trusted-host =, --directory =, --project =, --config-file =, --no-config, --help -h
"""
CONDA = """
environment --name -n =, environment --prefix -p =, yes --yes -y, requirement --file -f =, channel --channel -c =
download-only --download-only, upgrade --update-all --all, --revision =, --use-local, --override-channels, --repodata-fn =
--experimental =, --no-lock, --no-repodata-use-zst, --repodata-use-zst, --strict-channel-priority, --no-channel-priority
--channel-priority =, --no-deps, --only-deps, --no-pin, --copy, --use-index-cache -C, --insecure -k, --offline
--satisfied-skip-solve -S, --freeze-installed --no-update-deps, --update-deps, --update-specs, --force-reinstall, --force
--mkdir -m, --clobber, --dry-run -d, --show-channel-urls, --json, --quiet -q, --verbose -v, --solver =, --experimental-solver =
--dev, --no-shortcuts, --shortcuts-only =, --subdir --platform =, --console =, --no-default-packages, --clone =, --override-frozen
--prune, --root-prefix -r =, --rc-file =, --no-rc, --no-env, --category =, --no-pyc, --pyc, --always-softlink, --always-copy
--relocate-prefix =, --channel-alias =, --lockfile-timeout =, --retry-clean-cache, --ssl-verify =, --cacert-path =
--extra-safety-checks, --safety-checks =, --verify-artifacts, --pin =, --no-py-pin, --allow-uninstall, --no-allow-uninstall
--allow-downgrade, --no-allow-downgrade, --log-level =, --repodata-ttl =, --local-repodata-ttl =, --debug
--default-channel =, --ssl-no-revoke, --allow-softlinks, --always-yes, --micromamba, --help -h, --version -V, --no-capture-output
--features, --force-remove
"""
CONDA_CLEAN = """
yes --yes -y, --all -a, --index-cache -i, --packages -p, --tarballs -t, --force-pkgs-dirs -f, --tempfiles -c =?, --logfiles -l
--locks, --trash, --json, --quiet -q, --verbose -v, --dry-run -d, --console =, --source-cache -s, --root-prefix -r =
"""
POETRY = """
group --with =, group --only =, --without =, --sync, --no-root, --no-directory, --dry-run, extra-name --extras -E =, --all-extras
--all-groups, --only-root, --compile, group --group -G =, --dev -D, --no-dev, --editable -e, --optional, --python =, --platform =
--markers =, --source =, --allow-prereleases, --lock, --no-update, --regenerate, --remove-untracked, --quiet -q, --ansi, --no-ansi
--no-interaction -n, --no-plugins, no-cache --no-cache, --project -P =, --directory -C =, --verbose -v, --version -V, --help -h
--all, output --output -o =, --format -f =, --without-hashes, --with-credentials, --all-extras
"""
PIPENV = """
system --system, requirement --requirements -r =, editable --editable -e =, index --index -i =, index --pypi-mirror =
--deploy, --site-packages, --no-site-packages, --verbose -v, --quiet -q, --clear, --python =, --pre, --extra-pip-args =
--resolver =, --dev -d, --categories =, --extras =, --all, --all-dev, --config-settings =, --ignore-pipfile, --skip-lock
--keep-outdated, --selective-upgrade, --sequential, --bare, --clean, --three, --two, --help -h, --version
"""
PDM = """
group --group --with -G =, --without =, editable --editable -e =, --verbose -v, --quiet -q, --global -g, --project -p =, --override =
--dry-run, --lockfile -L =, --frozen-lockfile --no-lock, --skip -k =, --venv =, --check, --plugins, --no-default, --dev -d
--prod --production, --no-editable, --no-self, --fail-fast -x, --no-isolation, --config-setting -C =, --clean
--only-keep --clean-unselected, --reinstall -r, --pre --prerelease, --stable, --unconstrained -u, --no-sync, --save-compatible
--save-safe-compatible, --save-wildcard, --save-exact, --save-minimum, --update-reuse, --update-eager, --update-all
--update-reuse-installed, --ignore-python, --help -h
"""
NPM = """
target --prefix =, index --registry --reg =, --cache =, --loglevel =, --workspace -w =, --omit =, --include =, --only =, --also =
--access =, --audit-level =, --auth-type =, --before =, --ca =, --cafile =, --cert =, --cidr =, --cpu =, --depth =, --fetch-retries =
--fetch-retry-factor =, --fetch-retry-maxtimeout =, --fetch-retry-mintimeout =, --fetch-timeout =, --git =, --globalconfig =
--https-proxy =, --proxy =, --noproxy =, --install-strategy =, --key =, --libc =, --local-address =, --location =, --logs-dir =
--logs-max =, --lockfile-version =, --maxsockets =, --min-release-age =, --node-gyp =, --node-options =, --os =, --otp =
--pack-destination =, --package =, --save-prefix =, --scope =, --script-shell =, --shell =, --tag =, --tag-version-prefix =
--umask =, --user-agent =, --userconfig =, --tmp =, --target =, --arch =, --jobs =, --cache-min =, --cache-max =
--network-timeout =, --ignore-engines, --unsafe-perm =?
global --global -g, --location-global, --save -S, --no-save, --save-prod -P, --save-dev -D, --save-optional -O
--save-peer, --save-bundle -B, --save-exact -E, --legacy-bundling, --legacy-peer-deps, --global-style, --strict-peer-deps
--prefer-dedupe, --no-package-lock, --package-lock =?, --package-lock-only, --foreground-scripts, --ignore-scripts
--audit =?, --no-audit, --no-bin-links, --bin-links, --fund =?, --no-fund, --dry-run, --workspaces, --include-workspace-root
--install-links, --production =?, --no-production, --no-optional, --optional =?, --progress =?, --no-progress, --verbose -d
--quiet -q, --silent -s, --force -f, yes --yes -y, --all -a, --prefer-offline, --offline, --prefer-online, --engine-strict
--no-shrinkwrap, --shrinkwrap =?, --update-notifier =?, --no-update-notifier, --color =?, --no-color, --json, --long -l, --parseable -p
--strict-ssl =?, --no-strict-ssl, --allow-root, --build-from-source =?, --dev, --prod, --version -v, --help -h
"""
YARN = """
target --cwd =, target --prefix =, index --registry =, --cache-folder =, --emoji =, --global-folder =, --https-proxy =
--link-folder =, --modules-folder =, --mutex =, --network-concurrency =, --network-timeout =, --otp =, --preferred-cache-folder =
--proxy =, --scripts-prepend-node-path =, --use-yarnrc =, --production --prod =?, --audit -A, --check-files, --disable-pnp
--enable-pnp --pnp, --flat, --focus, --force -f, --frozen-lockfile, --har, --ignore-engines, --ignore-optional, --ignore-platform
--ignore-scripts, --json, --link-duplicates, --no-bin-links, --no-default-rc, --no-lockfile, --non-interactive
--no-node-version-check, --no-progress, --offline, --prefer-offline, --pure-lockfile, --silent -s, --skip-integrity-check
--strict-semver, --update-checksums, --verbose, --ignore-workspace-root-check -W, --dev -D, --peer -P, --optional -O
--exact -E, --tilde -T, --immutable, --immutable-cache, --check-cache, --inline-builds, --mode =, --refresh-lockfile, --latest
--all, --mirror, --help -h, --version -v
"""
PNPM = """
target --dir -C =, target --prefix =, index --registry =, filter --filter -F =, --store-dir =, --reporter =, --loglevel =
--global-dir =, --lockfile-dir =, --modules-dir =, --virtual-store-dir =, --network-concurrency =, --child-concurrency =
--package-import-method =, --config.node-linker =, --node-linker =, --save-catalog-name =, --workspace-concurrency =
--network-timeout =, --fetch-timeout =, --fetch-retries =, --cpu =, --os =, --libc =, --filter-prod =, --changed-files-ignore-pattern =
global --global -g, --frozen-lockfile =?, --no-frozen-lockfile, --prod -P --production, --dev -D --save-dev, --save-prod, --save-optional -O
--save-exact -E, --save-peer, --no-optional, --offline, --prefer-offline, --ignore-scripts, --recursive -r, --workspace-root -w
--shamefully-hoist, --force -f, --silent -s, --lockfile-only, --fix-lockfile, --no-lockfile, --strict-peer-dependencies
--no-strict-peer-dependencies, --ignore-workspace, --workspace, --side-effects-cache, --use-stderr, --latest -L
--interactive -i, --unsafe-perm, --legacy, --aggregate-output, --stream, --color, --no-color, --help -h, --version -v
"""
GEM = """
version --version -v =, target --install-dir -i =, target --bindir -n =, index --source -s =, requirement --file -g =?
--platform =, --document =?, --rdoc, --ri, --no-document --no-ri --no-rdoc -N, --build-root =, --vendor, --env-shebang --no-env-shebang -E
--force --no-force -f, --wrappers --no-wrappers -w, --trust-policy -P =, --ignore-dependencies, user --user-install, --no-user-install
--development, --development-all, --conservative, --minimal-deps, --post-install-message --no-post-install-message, --without =
--default, --explain, --lock --no-lock, --suggestions --no-suggestions, --local -l, --remote -r, --both -b, --bulk-threshold -B =
--clear-sources, --http-proxy -p =?, --no-http-proxy, --prerelease --pre, --update-sources --no-update-sources -u
--format-executable --no-format-executable, --verbose -V, --quiet -q, --silent, --config-file =, --backtrace, --debug, --norc
system --system =?, --all -a, --executables -x, --no-executables, --help -h
"""
GO = """
-n, -v, -x, -a, -t, -u =?, -d, -m, -fix, -insecure, -json, -race, -msan, -asan, -work, -linkshared, -modcacherw, -trimpath, -buildvcs =?
output -o =, -p =, -asmflags =, -buildmode =, -compiler =, -gccgoflags =, -gcflags =, -installsuffix =, -ldflags =, -mod =
-modfile =, -overlay =, -pkgdir =, -tags =, -toolexec =, -C =, -pgo =, -cover, -coverpkg =, -covermode =, -reuse =
-modcache, -cache, -testcache, -fuzzcache, -i, -r
"""
CARGO = """
version --version --vers =, index --index =, index --registry =, git --git =, branch --branch =, branch --tag =, branch --rev =
path --path =, target --root =, --target-dir =, --force -f, --no-track, --list, --message-format =, --debug, --verbose -v, --quiet -q
--color =, --config =, -Z =, --ignore-rust-version, --locked, --offline, --frozen, --bin =, --bins, --example =, --examples
--features -F =, --all-features, --no-default-features, --jobs -j =, --keep-going, --profile =, --target =, --timings =?
--package -p =, --workspace, --exclude =, --all, --lib, --tests, --test =, --benches, --bench =, --all-targets, --release -r
--artifact-dir --out-dir =, --manifest-path =, --future-incompat-report, --unit-graph, --build-plan, --dry-run -n, -C =, --help -h
--no-confirm -y, --disable-telemetry, --strategies =, --install-path =, --targets =, --recipe-path =, --bin-type =, --root-certificates =
"""
GIT = """
-C =, -c =, --git-dir =, --work-tree =, --namespace =, --exec-path =?, --paginate -p, --no-pager -P, --no-replace-objects, --bare
--literal-pathspecs, --no-optional-locks, --config-env =, --super-prefix =
"""
GIT_CLONE = """
depth --depth =, branch --branch -b =, submodules --recurse-submodules --recursive =?, --verbose -v, --quiet -q, --progress
--reject-shallow, --no-reject-shallow, --no-checkout -n, --bare, --mirror, --local -l, --no-local, --no-hardlinks, --shared -s
--jobs -j =, --template =, --reference =, --reference-if-able =, --dissociate, --origin -o =, --upload-pack -u =, --revision =
--shallow-since =, --shallow-exclude =, --single-branch, --no-single-branch, --no-tags, --tags, --shallow-submodules
--no-shallow-submodules, --separate-git-dir =, --config -c =, --server-option =, --ipv4 -4, --ipv6 -6, --filter =
--also-filter-submodules, --remote-submodules, --no-remote-submodules, --sparse, --bundle-uri =, --ref-format =
"""
GIT_FETCH = """
depth --depth =, submodules --recurse-submodules --recursive =?, --init, --remote, --force -f, --checkout, --merge, --rebase =?
--quiet -q, --verbose -v, --jobs -j =, --reference =, --filter =, --single-branch, --no-single-branch, --recommend-shallow, --no-fetch -N, --tags -t
--no-tags, --all -a, --unshallow, --deepen =, --shallow-since =, --shallow-exclude =, --prune -p, --progress, --no-progress, --ff-only
--include -I =, --exclude -X =, --upload-pack =, --update-shallow, --refetch, --server-option -o =, --ipv4 -4, --ipv6 -6, --no-rebase
--dissociate, --strategy -s =
"""
CURL = """
output --output -o =, output-dir --output-dir =, remote-name --remote-name -O, remote-name --remote-name-all, url --url =
--abstract-unix-socket =, --alt-svc =, --aws-sigv4 =, --cacert =, --capath =, --cert -E =, --cert-type =, --ciphers =, --config -K =
--connect-timeout =, --connect-to =, --continue-at -C =, --cookie -b =, --cookie-jar -c =, --create-file-mode =, --crlfile =
--curves =, --data -d =, --data-ascii =, --data-binary =, --data-raw =, --data-urlencode =, --delegation =, --dns-interface =
--dns-ipv4-addr =, --dns-ipv6-addr =, --dns-servers =, --doh-url =, --dump-header -D =, --egd-file =, --engine =, --etag-compare =
--etag-save =, --expect100-timeout =, --form -F =, --form-string =, --ftp-account =, --ftp-alternative-to-user =, --ftp-method =
--ftp-port -P =, --ftp-ssl-ccc-mode =, --happy-eyeballs-timeout-ms =, --header -H =, --hostpubmd5 =, --hostpubsha256 =, --hsts =
--interface =, --ipfs-gateway =, --json =, --keepalive-time =, --key =, --key-type =, --krb =, --libcurl =, --limit-rate =
--local-port =, --login-options =, --mail-auth =, --mail-from =, --mail-rcpt =, --max-filesize =, --max-redirs =, --max-time -m =
--netrc-file =, --noproxy =, --oauth2-bearer =, --parallel-max =, --pass =, --pinnedpubkey =, --preproxy =, --proto =, --proto-default =
--proto-redir =, --proxy -x =, --proxy-cacert =, --proxy-capath =, --proxy-cert =, --proxy-cert-type =, --proxy-ciphers =
--proxy-crlfile =, --proxy-header =, --proxy-key =, --proxy-key-type =, --proxy-pass =, --proxy-pinnedpubkey =, --proxy-service-name =
--proxy-tls13-ciphers =, --proxy-tlsauthtype =, --proxy-tlspassword =, --proxy-tlsuser =, --proxy-user -U =, --proxy1.0 =, --pubkey =
--quote -Q =, --random-file =, --range -r =, --rate =, --referer -e =, --request -X =, --request-target =, --resolve =, --retry =
--retry-delay =, --retry-max-time =, --sasl-authzid =, --service-name =, --socks4 =, --socks4a =, --socks5 =, --socks5-gssapi-service =
--socks5-hostname =, --speed-limit -Y =, --speed-time -y =, --stderr =, --telnet-option -t =, --tftp-blksize =, --time-cond -z =
--tls-max =, --tls13-ciphers =, --tlsauthtype =, --tlspassword =, --tlsuser =, --trace =, --trace-ascii =, --unix-socket =
--upload-file -T =, --url-query =, --user -u =, --user-agent -A =, --variable =, --write-out -w =
--anyauth, --append -a, --basic, --cert-status, --compressed, --compressed-ssh, --create-dirs, --crlf, --digest, --disable -q
--disable-eprt, --disable-epsv, --disallow-username-in-url, --doh-cert-status, --doh-insecure, --fail -f, --fail-early
--fail-with-body, --false-start, --form-escape, --ftp-create-dirs, --ftp-pasv, --ftp-pret, --ftp-skip-pasv-ip, --ftp-ssl-ccc
--ftp-ssl-control, --get -G, --globoff -g, --haproxy-protocol, --head -I, --help -h, --http0.9, --http1.0 -0, --http1.1, --http2
--http2-prior-knowledge, --http3, --http3-only, --ignore-content-length, --include -i, --insecure -k, --ipv4 -4, --ipv6 -6
--junk-session-cookies -j, --list-only -l, --location -L, --location-trusted, --mail-rcpt-allowfails, --manual -M, --metalink
--negotiate, --netrc -n, --netrc-optional, --next -:, --no-alpn, --no-buffer -N, --no-clobber, --no-keepalive, --no-npn
--no-progress-meter, --no-sessionid, --ntlm, --ntlm-wb, --parallel -Z, --parallel-immediate, --path-as-is, --post301, --post302
--post303, --progress-bar -#, --proxy-anyauth, --proxy-basic, --proxy-digest, --proxy-insecure, --proxy-negotiate, --proxy-ntlm
--proxy-ssl-allow-beast, --proxy-ssl-auto-client-cert, --proxy-tlsv1, --proxytunnel -p, --raw, --remote-header-name -J
--remote-time -R, --remove-on-error, --retry-all-errors, --retry-connrefused, --sasl-ir, --show-error -S, --silent -s
--socks5-basic, --socks5-gssapi, --socks5-gssapi-nec, --ssl, --ssl-allow-beast, --ssl-auto-client-cert, --ssl-no-revoke
--ssl-reqd, --ssl-revoke-best-effort, --sslv2 -2, --sslv3 -3, --styled-output, --suppress-connect-headers, --tcp-fastopen
--tcp-nodelay, --tftp-no-options, --tlsv1 -1, --tlsv1.0, --tlsv1.1, --tlsv1.2, --tlsv1.3, --tr-encoding, --trace-time
--use-ascii -B, --verbose -v, --version -V, --xattr, --skip-existing
"""
WGET = """
output --output-document -O =, output-dir --directory-prefix -P =, requirement --input-file -i =, --execute -e =, --output-file -o =
--append-output -a =, --report-speed =, --base -B =, --config =, --rejected-log =, --tries -t =, --retry-on-http-error =
--start-pos =, --progress =, --timeout -T =, --dns-timeout =, --connect-timeout =, --read-timeout =, --wait -w =, --waitretry =
--quota -Q =, --bind-address =, --limit-rate =, --restrict-file-names =, --prefer-family =, --user =, --password =, --use-askpass =
--local-encoding =, --remote-encoding =, --cut-dirs =, --http-user =, --http-password --http-passwd =, --default-page =, --header =
--compression =, --max-redirect =, --proxy-user =, --proxy-password --proxy-passwd =, --referer =, --user-agent -U =, --load-cookies =
--save-cookies =, --post-data =, --post-file =, --method =, --body-data =, --body-file =, --secure-protocol =, --certificate =
--certificate-type =, --private-key =, --private-key-type =, --ca-certificate =, --ca-directory =, --crl-file =, --pinnedpubkey =
--ciphers =, --hsts-file =, --ftp-user =, --ftp-password =, --warc-file =, --warc-header =, --warc-max-size =, --warc-dedup =
--warc-tempdir =, --level -l =, --backups =?, --accept -A =, --reject -R =, --accept-regex =, --reject-regex =, --regex-type =
--domains -D =, --exclude-domains =, --follow-tags =, --ignore-tags =, --include-directories -I =, --exclude-directories -X =
--version -V, --help -h, --background -b, --debug -d, --quiet -q, --verbose -v, --no-verbose -nv, --force-html -F, --no-config
--retry-connrefused, --no-clobber -nc, --no-netrc, --continue -c, --show-progress, --timestamping -N, --no-if-modified-since
--no-use-server-timestamps, --server-response -S, --spider, --random-wait, --no-proxy, --proxy =?, --no-dns-cache, --ignore-case
--inet4-only -4, --inet6-only -6, --ask-password, --no-iri, --unlink, --xattr, --no-directories -nd, --force-directories -x
--no-host-directories -nH, --protocol-directories, --no-cache, --adjust-extension -E, --ignore-length, --save-headers
--no-http-keep-alive, --no-cookies, --keep-session-cookies, --content-disposition, --content-on-error, --auth-no-challenge
--https-only, --no-check-certificate, --no-hsts, --no-remove-listing, --no-glob, --no-passive-ftp, --passive-ftp
--preserve-permissions, --retr-symlinks, --ftps-implicit, --ftps-resume-ssl, --ftps-clear-data-connection, --ftps-fallback-to-ftp
--warc-cdx, --no-warc-compression, --no-warc-digests, --no-warc-keep-log, --recursive -r, --delete-after, --convert-links -k
--convert-file-only, --backup-converted -K, --mirror -m, --page-requisites -p, --strict-comments, --follow-ftp, --span-hosts -H
--relative -L, --trust-server-names, --no-parent -np, --no-hsts
"""
PYTHON = """
module -m =, -c =, -W =, -X =, --check-hash-based-pycs =, -b, -B, -d, -E, -h, -i, -I, -O, -OO, -P, -q, -s, -S, -u, -v, -V --version, -x, -R
"""
SETUP = """
root --root =, target --prefix =, target --install-lib =, user --user, --record =, --single-version-externally-managed
--inplace -i, --force -f, --parallel -j =, --build-lib -b =, --build-temp -t =, --dist-dir -d =, --plat-name -p =, --debug -g
--include-dirs -I =, --library-dirs -L =, --libraries -l =, --define -D =, --rpath -R =, --compiler -c =, --quiet -q, --verbose -v
--no-deps -N, --no-compile, --install-scripts =, --install-data =, --install-headers =, --optimize -O =, --formats =, --bdist-dir =
--install-dir =, --uninstall -u, --home =, --exec-prefix =, --script-dir -s =, --find-links =, --index-url =, --allow-hosts -H =
"""
