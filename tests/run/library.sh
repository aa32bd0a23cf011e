#!/usr/bin/env bash
# Models of the library: counts as keras.applications states them for the same names (their layers
# are in golden/shapes/library-*), and use as a part that is trained.
. "$(dirname "$0")/common/begin.sh"

# counts FILE MODEL PARAMS NOT-TRAINABLE
counts() {
    printf 'import "nn/%s.nn"\n' "$1" >whole.nn
    expect 0 "$nnc" summary --json --model "$2" whole.nn
    says "], \"params\": $3,"
    says "\"non_trainable\": $4,"
}

counts lenet5 lenet5 61706 0
counts vgg16 vgg16 138357544 0
counts vgg19 vgg19 143667240 0
counts resnet20 resnet20 274442 1376
counts resnet50 resnet50 25636712 53120
counts mobilenet mobilenet 4253864 21888
counts unet unet 31030593 0
counts dcgan dcgan_generator 840193 128
counts dcgan dcgan_discriminator 212865 0

# Without their dense layers, for a size of one's own: so many weights as Keras's include_top=False.
part() {
    cat >part.nn <<E2
import "nn/$1.nn"
model net(image: [64, 64, 3]) { image -> $1_features -> global_average_pool }
E2
    expect 0 "$nnc" summary --json part.nn
    says "], \"params\": $2,"
}
part vgg16 14714688
part vgg19 20024384
part resnet50 23587712
part mobilenet 3228864

# A model of the library is trained by the importing file; weights have its layers' names.
cat >digits.nn <<'E2'
import "nn/lenet5.nn"
dataset digits = idx("x", target = "y", classes = 10) -> scale(1/255)
train lenet5 on digits { loss = crossentropy  optimizer = sgd(0.1)  batch = 4 }
E2
{ printf '\0\0\10\3\0\0\0\10\0\0\0\34\0\0\0\34'; head -c 6272 /dev/zero | tr '\0' '\7'; } >x
{ printf '\0\0\10\1\0\0\0\10'; printf '\0\1\2\3\4\5\6\7'; } >y
expect 0 "$nnc" build digits.nn
expect 0 ./digits fit
for tensor in conv1/kernel conv2/bias dense1/kernel predictions/bias; do
    grep -aqF "\"$tensor\"" digits.safetensors || fail "no tensor $tensor"
done
expect 0 ./digits info
