// A step allocates nothing.
#include <gtest/gtest.h>

#include "support/allocations.hpp"
#include "train/problem.hpp"
#include "twofold/model/tangent_start.hpp"
#include "twofold/train/tangent_descent.hpp"

namespace twofold::train {
namespace {

template <typename Scalar>
long allocations_of(std::int64_t steps) {
  const MatrixOf<Scalar> X = skewed_samples(20, 5, 1).cast<Scalar>();
  const auto start = mean_field_weights<Scalar>(skewed_samples(150, 5, 2));
  ThreadPool pool(2);
  const long before = test::allocations();
  (void)gradient_descent<Scalar>(X, start, model::Gelu{},
                                 {.step = 0.01, .momentum = 0.5, .penalty = 0.1, .steps = steps},
                                 {}, pool);
  return test::allocations() - before;
}

TEST(Allocation, DoesNotDependOnTheNumberOfSteps) {
  (void)allocations_of<float>(1);  // the first product of a thread makes the BLAS's own buffer
  const long few = allocations_of<float>(2);
  EXPECT_GT(few, 0);
  EXPECT_EQ(allocations_of<float>(40), few);
  EXPECT_EQ(allocations_of<double>(40), allocations_of<double>(2));
}

template <typename Scalar>
long tangent_allocations_of(std::int64_t steps) {
  const MatrixOf<Scalar> X = skewed_samples(20, 5, 1).cast<Scalar>();
  const auto start = model::tangent_start<Scalar>(model::TangentStart::Plain, 700, 5, 1);
  ThreadPool pool(2);
  const long before = test::allocations();
  (void)tangent_descent<Scalar>(X, start, {.step = 0.01, .steps = steps}, {}, pool);
  return test::allocations() - before;
}

TEST(Allocation, OfTangentDescentDoesNotDependOnTheNumberOfSteps) {
  (void)tangent_allocations_of<double>(1);
  EXPECT_EQ(tangent_allocations_of<float>(40), tangent_allocations_of<float>(2));
  EXPECT_EQ(tangent_allocations_of<double>(40), tangent_allocations_of<double>(2));
}

}  // namespace
}  // namespace twofold::train
