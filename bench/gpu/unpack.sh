#!/bin/sh
# Unpacks what "npm run bench -- gpu-pack" has packed, beside whose pieces this file lies, and fits it to this machine.
#
#   sh unpack.sh FOLDER          makes FOLDER/lockstep
#   FOLDER/lockstep/run gpu …    benchmarks (run step …, run gpu …); FOLDER/lockstep/run launch … is the command line
#
# Needs tar, and xz or a Python. Reads no network. TensorFlow opens CUDA 12's libraries by name: those that did not come
# along are looked for where PyTorch, CUDA and the system keep theirs; one of another CUDA takes the name of the one that is
# missing, and an empty library that of one that is nowhere.
set -eu

[ $# = 1 ] || { echo "usage: sh unpack.sh FOLDER" >&2; exit 64; }
pieces=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
mkdir -p "$1"
target=$(CDPATH='' cd -- "$1" && pwd -P)
python=${PYTHON:-python3}

if ! (cd "$pieces" && sha256sum --quiet -c SHA256SUMS); then
  echo "unpack: pieces in $pieces are damaged or missing: copy those again that are named above" >&2
  exit 65
fi
if command -v xz >/dev/null; then
  cat "$pieces"/lockstep.tar.xz.* | xz -dc | tar -C "$target" -xf -
else
  cat "$pieces"/lockstep.tar.xz.* |
    "$python" -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.stdin.buffer), sys.stdout.buffer, 1 << 24)' |
    tar -C "$target" -xf -
fi
root=$target/lockstep

# Folders with CUDA libraries: PyTorch's own first, as they go together.
folders() {
  "$python" - 2>/dev/null <<'PYTHON' || :
import glob, site, sysconfig
for base in dict.fromkeys([sysconfig.get_paths()["purelib"], *site.getsitepackages(), site.getusersitepackages()]):
    print("\n".join(sorted(glob.glob(base + "/nvidia/*/lib") + glob.glob(base + "/torch/lib"))))
PYTHON
  for folder in /usr/local/cuda/lib64 /usr/local/cuda-*/lib64 /usr/lib/x86_64-linux-gnu /usr/lib64; do
    [ -d "$folder" ] && echo "$folder"
  done
  if command -v ldconfig >/dev/null; then ldconfig -p | sed -n 's|.*=> \(/.*\)/lib\(cu\|nv\).*|\1|p' | sort -u; fi
}

paths=$root/engine/lib
if [ -e "$root/engine/empty.so" ]; then
  mkdir -p "$root/engine/stand-in"
  all=$(folders)
  for name in libcudart.so.12 libcublas.so.12 libcublasLt.so.12 libcudnn.so.9 libcufft.so.11 libcusolver.so.11 libcusparse.so.12 \
    libcurand.so.10 libnccl.so.2 libnvrtc.so.12 libnvJitLink.so.12 libcupti.so.12; do
    [ -e "$root/engine/lib/$name" ] && continue
    stem=${name%.so.*}
    found='' other=''
    for folder in $all; do
      if [ -e "$folder/$name" ]; then found=$folder; break; fi
      for file in "$folder/$stem".so.[0-9] "$folder/$stem".so.[0-9][0-9]; do
        [ -e "$file" ] && [ -z "$other" ] && other=$file
      done
    done
    if [ -n "$found" ]; then
      echo "$name: $found"
      folder=$found
    elif [ -n "$other" ]; then
      echo "$name: stands for $other"
      ln -sf "$other" "$root/engine/stand-in/$name"
      folder=$(dirname "$other")
    else
      echo "$name: empty"
      ln -sf ../empty.so "$root/engine/stand-in/$name"
      continue
    fi
    case ":$paths:" in *":$folder:"*) ;; *) paths=$paths:$folder ;; esac
  done
  paths=$root/engine/stand-in:$paths
fi

cat >"$root/run" <<RUN
#!/bin/sh
# run launch … is the command line, run NAME … a benchmark, run node … Node.
set -eu
export PATH="$root/bin:\$PATH" PYTHONPATH="$root/python\${PYTHONPATH:+:\$PYTHONPATH}"
export LOCKSTEP_CACHE="\${LOCKSTEP_CACHE:-$root/cache}" LOCKSTEP_RIVALS="\${LOCKSTEP_RIVALS:-\$(command -v $python || echo none)}"
RUN
if [ -d "$root/engine/lib" ]; then
  cat >>"$root/run" <<RUN
export LOCKSTEP_TF_LIB_DIR="$root/engine/lib"
export LD_LIBRARY_PATH="$paths\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
RUN
fi
if [ -d "$root/engine/cuda" ]; then
  cat >>"$root/run" <<RUN
export XLA_FLAGS="--xla_gpu_cuda_data_dir=$root/engine/cuda\${XLA_FLAGS:+ \$XLA_FLAGS}"
RUN
fi
cat >>"$root/run" <<'RUN'
app=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)/app
case ${1-} in
  launch) shift; exec node "$app/dist/coordinator/cli/index.js" "$@" ;;
  node) shift; exec node "$@" ;;
  *) exec node "$app/dist/bench/main.js" "$@" ;;
esac
RUN
chmod +x "$root/run"
echo "ready: $root/run gpu --device 0"
