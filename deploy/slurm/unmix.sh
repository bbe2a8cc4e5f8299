#!/bin/bash
# Unmixes a scene on a Slurm cluster: an array of tasks, each of which makes a part of the map, then a job that merges them.
#
#   deploy/slurm/unmix.sh SCENE MODEL MAP [SHARDS] [egunet infer options]
#   deploy/slurm/unmix.sh /data/scene.tif zoo:enmap-cover /data/cover.tif 16 --mask cloud
#
# SCENE, MODEL and MAP must lie where every node finds them under the same name. Options of sbatch come by its own variables (SBATCH_PARTITION,
# SBATCH_ACCOUNT, SBATCH_TIMELIMIT ...); a task uses as many threads as it has processors (EGUNET_CPUS, 4). EGUNET names the program where it is not in the path.
# A task that fails or is requeued goes on from its finished tiles; of a node that died, its log says which lock to delete first. To do so by hand: the
# same command again; finished parts are done at once.
set -euo pipefail

if [ "$#" -lt 3 ]; then
  sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
scene=$1 model=$2 map=$3 shards=${4:-16}
shift "$(($# < 4 ? $# : 4))"
egunet=${EGUNET:-egunet}
cpus=${EGUNET_CPUS:-4}
if ! [[ $shards =~ ^[1-9][0-9]{0,3}$ ]]; then
  echo "SHARDS: expected how many parts, 1 to 9999, got '$shards'" >&2
  exit 2
fi
replace=() # what merge needs of infer's options
for word in "$@"; do [ "$word" != --overwrite ] || replace=(--overwrite); done

quoted() { printf '%q ' "$@"; }

job=$(sbatch --parsable --job-name=egunet --array="1-$shards" --cpus-per-task="$cpus" --requeue --open-mode=append \
  --output="$map.slurm-%a.log" --wrap \
  "exec $(quoted "$egunet" infer "$scene" --model "$model" -o "$map" --workers "$cpus" "$@") --shard \"\$SLURM_ARRAY_TASK_ID/$shards\"")
merge=$(sbatch --parsable --job-name=egunet-merge --dependency="afterok:$job" --kill-on-invalid-dep=yes --open-mode=append \
  --output="$map.slurm-merge.log" --wrap "exec $(quoted "$egunet" merge "$map" "${replace[@]}")")
echo "$shards parts: job $job; map: job $merge, when all of them are done"
echo "squeue -j $job,$merge shows them; logs: $map.slurm-*.log"
