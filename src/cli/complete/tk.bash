_clap_complete_tk() {
    # `tk` reads the line itself: bash breaks its words at `=` and `:`, too, and puts what is
    # answered in the place of the last piece.
    local kind word
    COMPREPLY=()
    compopt +o nospace 2> /dev/null
    while IFS= read -r word; do
        if [[ -z ${kind-} ]]; then
            kind=$word
            # The name of a file may hold anything: bash quotes it, or it is not offered.
            if [[ $kind == files ]] && ! compopt -o filenames 2> /dev/null; then
                kind=plain
            fi
        elif [[ $kind != plain || $word != *[!A-Za-z0-9_./+@%,-]* ]]; then
            COMPREPLY+=("$word")
        fi
    done < <(TK_COMPLETE=bash tk -- "${COMP_LINE:0:COMP_POINT}" "$2")
    if [[ ${COMPREPLY-} == *[=/:] ]]; then
        compopt -o nospace 2> /dev/null
    fi
}
if [[ ${BASH_VERSINFO[0]} -gt 4 || ${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _clap_complete_tk tk
else
    complete -o nospace -o bashdefault -F _clap_complete_tk tk
fi
