# Makes a synthetic data set, trains a network on part of it, segments the rest and scores the
# result: cmake -P cmake/demo.cmake. Progress goes to stderr. The last line of stdout is JSON: mean
# Dice per region of the network and of fitted thresholds, and the seconds of the whole job
# without the build.
include(${CMAKE_CURRENT_LIST_DIR}/setup.cmake)

build_preset(release glia_program)

set(glia ${root}/build/release/bin/glia)
set(work ${root}/build/demo)
file(REMOVE_RECURSE ${work})
string(TIMESTAMP start %s)

run(${glia} phantom ${work}/training --count 24 --seed 1 --extent 96x112x80)
run(${glia} phantom ${work}/held_out --count 6 --first 100 --seed 2 --extent 96x112x80)
run(${glia} train ${work}/training --out ${work}/run --network unet-tiny --patch 48 --batch 2
    --epochs 30 --steps-per-epoch 50 --rate 3e-3 --schedule polynomial --foreground 0.5
    --average-decay 0.99 --validation-fraction 0.1 --validate-every 10)
run(${glia} segment ${work}/held_out --model ${work}/run/best.safetensors --out ${work}/segmented
    --mirror)
run(${glia} evaluate ${work}/segmented ${work}/held_out --baseline ${work}/training
    --json ${work}/scores.json --picture ${work}/held_out.png)

string(TIMESTAMP end %s)
math(EXPR seconds "${end} - ${start}")
file(READ ${work}/scores.json scores)
function(dice_of result)
  set(text "")
  foreach(region WT TC ET)
    string(JSON value GET "${scores}" ${ARGN} mean Dice_${region})
    string(APPEND text ",\"${region}\":${value}")
  endforeach()
  string(SUBSTRING "${text}" 1 -1 text)
  set(${result} "{${text}}" PARENT_SCOPE)
endfunction()
dice_of(dice summary)
dice_of(baseline baseline)
execute_process(COMMAND ${CMAKE_COMMAND} -E echo
                        "{\"dice\":${dice},\"baseline\":${baseline},\"seconds\":${seconds}}")
